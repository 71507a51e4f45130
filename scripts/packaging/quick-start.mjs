import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createUserAgent } from '../../test/frameworks/user-agent.mjs'
import { root } from './packages.mjs'

/** Where each quick start is, and the path that shows the response of the orders API. */
export const QUICK_STARTS = [
  { document: 'README.md', heading: 'Quick start', ordersPath: '/' },
  { document: 'docs/quick-start/node.md', heading: 'Write the server', ordersPath: '/orders' },
]

/**
 * Runs a quick start in a project, next to the servers of `npm run server`: a user signs in, the application calls the
 * API, and the user signs out.
 *
 * @throws {Error} If the document has no quick start, or if a step fails.
 */
export async function runQuickStart(project, { document, heading, ordersPath }) {
  const code = await codeBelow(heading, document)
  const port = await freePort()
  const url = `http://localhost:${port}`
  const server = await start([join(root, 'scripts/run-server.mjs')], { PORT: '0', APP_URL: url }, 'to stop')
  try {
    const file = join(project, 'server.mjs')
    await writeFile(file, code.replace('listen(3000)', `listen(${port}, () => console.log('listening'))`))
    const variables = [...server.output.matchAll(/^export (\w+)=(.*)$/gm)].map(([, ...pair]) => pair)
    const app = await start([file], { ...Object.fromEntries(variables), BASE_URL: url }, 'listening')
    try {
      await signInAndOut(url, ordersPath)
    } finally {
      await app.stop()
    }
  } finally {
    await server.stop()
  }
}

async function signInAndOut(url, ordersPath) {
  // The build of the packages comes before this step.
  const testkit = await import('../../packages/testkit/dist/index.js')
  const user = createUserAgent(testkit)
  assert.equal((await user.send(url + ordersPath)).status, 401)

  const home = await user.navigate(`${url}/auth/login`)
  assert.equal(home.url, `${url}/`)
  assert.equal(home.response.status, 200)
  const orders = await user.send(url + ordersPath)
  assert.deepEqual((await orders.json())[0], { id: 'A-1042', item: 'Pocket sextant' })

  const signOut = await user.send(`${url}/auth/logout`, { method: 'POST' })
  assert.equal(signOut.status, 303)
  const goodbye = await user.navigate(signOut.headers.get('location'))
  assert.equal(goodbye.url, `${url}/`)
  assert.equal((await user.send(url + ordersPath)).status, 401)
}

/** The first block of TypeScript below a heading. It has no types, so that it runs as it is. */
async function codeBelow(heading, document) {
  const text = await readFile(join(root, document), 'utf8')
  const [, code] =
    new RegExp(`^## ${heading}\n[\\s\\S]*?^\`\`\`ts\n([\\s\\S]*?)^\`\`\``, 'm').exec(text) ?? []
  if (code === undefined) throw new Error(`${document} has no TypeScript below the heading "${heading}".`)
  return code
}

/** Starts a program of Node, and waits until it has printed a text. */
async function start(args, env, text) {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } })
  const closed = once(child, 'close')
  let output = ''
  await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        output += chunk
        if (output.includes(text)) resolve()
      })
    }
    child.once('close', () => reject(new Error(`${args.join(' ')} ended:\n${output}`)))
  })
  const stop = async () => {
    child.kill('SIGKILL')
    await closed
  }
  return { output, stop }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
