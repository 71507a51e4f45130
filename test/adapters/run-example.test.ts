import { execFileSync } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { createUserAgent } from '../../examples/node-app/src/user-agent.ts'
import { startProgram } from './start-program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'examples/node-app'], {
    cwd: root,
  })
})

it.each(['deno', 'bun', 'cloudflare-worker'])(
  'one command runs the %s example next to a real authorization server',
  async (name) => {
    const script = join(root, 'scripts/run-example.mjs')
    const env = { PORT: String(await freePort()) }
    const { url, stop } = await startProgram(process.execPath, [script, name], { env })
    onTestFinished(stop)
    const user = createUserAgent()

    const home = await user.submit(await user.visit(`${url}/auth/login`))
    expect(home.html).toContain('Sign out')

    const orders = await user.send(`${url}/orders`)
    expect(await orders.json()).toContainEqual(expect.objectContaining({ id: 'A-1042' }))
  },
)

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
