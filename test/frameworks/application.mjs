import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { ensureNode } from '../../scripts/tools.mjs'

/** How long a framework may take to start, in milliseconds. Only a hang takes longer. */
const START_MS = 60_000
/** How long a build may take, in milliseconds. Only a hang takes longer. */
const BUILD_MS = 180_000

/** Starts an application as its own process, and waits until it responds. */
export async function startApplication(folder, { build, start, node }, environment) {
  const executable = node ? await ensureNode(node) : process.execPath
  const port = await freePort()
  const url = `http://localhost:${port}`
  // SvelteKit has a limit for bodies.
  const limits = { BODY_SIZE_LIMIT: '10M' }
  const own = { NODE_ENV: 'production', APP_URL: url, PORT: String(port), ...limits, ...environment }
  const env = { ...process.env, ...own }
  const command = ([file, ...args]) => {
    const path = [join(folder, file), join(folder, '../../node_modules', file)].find(existsSync)
    return [executable, path, ...args.map((each) => each.replace('PORT', String(port)))]
  }
  if (build) await runToEnd(command(build), folder, env)
  const child = startProcess(command(start), folder, env)
  const deadline = Date.now() + START_MS
  while (!(await isResponding(url))) {
    if (child.process.exitCode !== null || Date.now() > deadline) {
      child.process.kill('SIGKILL')
      throw new Error(`The application does not respond.\n${child.output()}`)
    }
  }
  return {
    url,
    output: child.output,
    async stop() {
      if (child.process.exitCode !== null) return
      const exit = once(child.process, 'exit')
      child.process.kill('SIGKILL')
      await exit
    },
  }
}

function startProcess([executable, ...args], cwd, env) {
  const child = spawn(executable, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  return { process: child, output: () => output }
}

async function runToEnd(args, cwd, env) {
  const child = startProcess(args, cwd, env)
  const timer = setTimeout(() => child.process.kill('SIGKILL'), BUILD_MS)
  const [code] = await once(child.process, 'close')
  clearTimeout(timer)
  if (code !== 0) throw new Error(`The build failed.\n${child.output()}`)
}

async function isResponding(url) {
  const isUp = await fetch(`${url}/auth/user`).then(
    () => true,
    () => false,
  )
  if (!isUp) await new Promise((resolve) => setTimeout(resolve, 100))
  return isUp
}

async function freePort() {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
