import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, it, onTestFinished } from 'vitest'

/** Prints the events of an application that uses the default store. */
const APPLICATION = `
  import cluster from 'node:cluster'
  import { evertoken } from '@evertoken/node'

  if (process.env.FORK && cluster.isPrimary) {
    cluster.fork()
  } else {
    const auth = evertoken({
      issuer: 'https://login.example.com',
      clientId: 'web',
      encryptionSecret: 'a secret of thirty-two characters',
      session: 'server',
      onEvent: (event) => console.log(JSON.stringify(event)),
    })
    await auth.sessionById('x'.repeat(43)).getUser()
    process.exit()
  }
`

it.each([
  ['a worker of node:cluster', { FORK: '1' }, 'cluster'],
  ['one of two processes of PM2', { pm_id: '0', instances: '2' }, 'pm2'],
  ['an instance of AWS Lambda', { AWS_LAMBDA_FUNCTION_NAME: 'web' }, 'serverless'],
  ['a process on its own', {}, undefined],
])('%s reports the default store accordingly', async (_name, env, reason) => {
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-environment-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const outfile = join(folder, 'application.mjs')
  await build({
    stdin: { contents: APPLICATION, resolveDir: import.meta.dirname },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@evertoken/source'],
  })

  const { stdout } = await promisify(execFile)(process.execPath, [outfile], { env })

  const events = stdout.trim().split('\n')
  const report = events.map((line) => JSON.parse(line) as object).filter((event) => 'hint' in event)
  expect(report).toEqual(reason ? [expect.objectContaining({ type: 'store_not_shared', reason })] : [])
})
