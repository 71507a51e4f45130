import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const START_MS = 30_000
const REDIS_PLACES = ['/usr/bin/redis-server', '/usr/local/bin/redis-server']
const POSTGRES_PLACE = '/usr/lib/postgresql'

/** @param replicaOf - The port of a primary on loopback, or of a link to it. */
export async function startRedis({ cluster = false, replicaOf } = {}) {
  const path = installed('redis-server', () => REDIS_PLACES.find(existsSync))
  const folder = await temporaryFolder('redis')
  const port = await freePort()
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', daemonize: 'no', dir: folder }
  if (cluster) {
    const clustered = { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' }
    Object.assign(settings, clustered, { 'cluster-port': await freePort() })
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  // A primary waits 5 seconds for more replicas by default.
  args.push('--repl-diskless-sync-delay', '0')
  if (replicaOf !== undefined) args.push('--replicaof', '127.0.0.1', String(replicaOf))
  const ready = replicaOf === undefined ? 'Ready to accept connections' : 'sync: Finished with success'
  const server = await start(path, args, { ready, folder, stopSignal: 'SIGTERM' })
  if (cluster) await assignAllSlots(port)
  return { ...server, port, url: `redis://127.0.0.1:${port}` }
}

/**
 * @param settings - Added to those of the server.
 * @param standbyOf - The port of a primary on loopback, or of a link to it.
 */
export async function startPostgres({ settings: added = {}, standbyOf } = {}) {
  const programs = installed('postgresql', findPostgres)
  const folder = await temporaryFolder('postgres')
  const owner = process.getuid?.() === 0 ? idsOf('postgres') : {}
  if (owner.uid !== undefined) await chown(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const run = (program, args) =>
    promisify(execFile)(join(programs, program), ['-D', data, '-U', 'postgres', ...args], {
      cwd: folder,
      ...owner,
    })
  if (standbyOf === undefined) {
    await run('initdb', ['-A', 'trust', '-E', 'UTF8', '--locale', 'C.UTF-8', '--no-sync'])
  } else {
    const primary = ['-h', '127.0.0.1', '-p', String(standbyOf)]
    await run('pg_basebackup', ['-R', '-c', 'fast', '--no-sync', ...primary])
  }

  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    ...added,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const ready =
    standbyOf === undefined ? 'ready to accept connections' : 'ready to accept read-only connections'
  const options = { ready, folder, stopSignal: 'SIGINT', owner }
  const server = await start(join(programs, 'postgres'), ['-D', data, ...args], options)
  return { ...server, port, url: `postgres://postgres@127.0.0.1:${port}/postgres` }
}

export function temporaryFolder(name) {
  return mkdtemp(join(tmpdir(), `evertoken-${name}-`))
}

/**
 * Starts a program.
 *
 * @param options.ready - What it prints when it has started.
 * @param options.port - If the program prints that before it listens: the port that must accept connections too.
 */
export async function start(path, args, { ready, port, folder, stopSignal, owner = {} }) {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder, ...owner })
  const end = async (signal) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  const kill = () => end('SIGKILL')
  const stop = async () => {
    await end(stopSignal)
    // Processes that the server started can write for a moment longer.
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  try {
    await said(child, ready)
    if (port !== undefined) await untilListening(child, port)
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: child.pid, stop, kill }
}

function said(child, ready) {
  let output = ''
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`"${child.spawnfile}" ${why}\n${output}`))
    const timer = setTimeout(() => fail('did not start in time'), START_MS)
    const listen = (chunk) => {
      if (output.includes(ready)) return
      output += String(chunk)
      if (!output.includes(ready)) return
      clearTimeout(timer)
      resolve()
    }
    for (const stream of [child.stdout, child.stderr]) stream.on('data', listen)
    child.on('error', (error) => fail(error.message))
    child.on('exit', (code) => {
      clearTimeout(timer)
      fail(`ended with ${code}`)
    })
  })
}

async function untilListening(child, port) {
  const deadline = performance.now() + START_MS
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline)
      throw new Error(`"${child.spawnfile}" does not listen on port ${port}`)
    await sleep(20)
  }
}

async function accepts(port) {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** A cluster is up a moment after the last slot has an owner. */
async function assignAllSlots(port) {
  const socket = connect(port, '127.0.0.1')
  socket.write('CLUSTER ADDSLOTSRANGE 0 16383\r\n')
  for await (const chunk of socket) {
    if (String(chunk).includes('cluster_state:ok')) break
    await sleep(50)
    socket.write('CLUSTER INFO\r\n')
  }
}

/** The port is free now, but another process may take it first. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

function findPostgres() {
  if (!existsSync(POSTGRES_PLACE)) return undefined
  const versions = readdirSync(POSTGRES_PLACE).toSorted((a, b) => Number(b) - Number(a))
  return versions
    .map((version) => join(POSTGRES_PLACE, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')))
}

/** PostgreSQL refuses to run as root. */
function idsOf(user) {
  const id = (what) => Number(execFileSync('id', [what, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** Returns the result of `find`. If that is `undefined`, it installs the Debian package and tries again. */
export function installed(debianPackage, find) {
  const found = find()
  if (found !== undefined) return found
  const done =
    aptGet('update', '-q') && aptGet('install', '-y', '-q', '--no-install-recommends', debianPackage)
  const result = done ? find() : undefined
  if (result === undefined) throw new Error(`Cannot install "${debianPackage}": install it and run again`)
  return result
}

/** Only one process can use apt-get, so this one waits for the others of this repository. */
function aptGet(...args) {
  return runAsRoot(['flock', join(tmpdir(), 'evertoken-apt.lock'), 'apt-get', ...args])
}

function runAsRoot(line) {
  const [command, ...args] = process.getuid?.() === 0 ? line : ['sudo', '-n', '-E', ...line]
  // At this run level a package does not start its own server.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  return spawnSync(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
}
