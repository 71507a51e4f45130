import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { RUNTIMES } from '../../../scripts/runtimes.mjs'
import { ensureTool } from '../../../scripts/tools.mjs'

const STOP_AFTER_MS = 2000
/** In memory where that is a place: an object that waits for a busy disk would be slow, and tell nothing of the platform. */
const home = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export async function startWorkerd(options) {
  const folder = await mkdtemp(join(home, 'workerd-'))
  const { storage = join(folder, 'storage') } = options
  await mkdir(storage, { recursive: true })
  await bundleWorker(options.entry, join(folder, 'worker.js'), { minify: options.minify ?? false })
  await writeFile(join(folder, 'config.capnp'), configuration(options, storage))
  const command = await executable()
  const startedAt = performance.now()
  const experimental = options.scheduled ? ['--experimental'] : []
  const workerd = spawn(command, ['serve', ...experimental, '--control-fd=3', join(folder, 'config.capnp')], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [workerd.stdout, workerd.stderr]) stream.on('data', (chunk) => (output += chunk))
  const kill = () => workerd.kill('SIGKILL')
  const abandon = () => {
    kill()
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', abandon)
  const exited = once(workerd, 'exit').then(() => rm(folder, { recursive: true, force: true }))

  async function close() {
    workerd.kill()
    process.off('exit', abandon)
    const stubborn = setTimeout(kill, STOP_AFTER_MS)
    await exited
    clearTimeout(stubborn)
  }

  const port = await Promise.race([portOf(workerd), exited])
  if (port === undefined) throw new Error(`workerd did not start: ${output}`)
  const crash = async () => {
    kill()
    await close()
  }
  return { url: `http://127.0.0.1:${port}`, output: () => output, startedAt, close, crash }
}

export async function bundleWorker(entry, outfile, overrides = {}) {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['@evertoken/source', 'workerd', 'worker', 'import', 'default'],
    external: ['cloudflare:*', 'node:*'],
    metafile: true,
    legalComments: 'none',
    logLevel: 'error',
    ...overrides,
  })
  return metafile
}

/** The package starts the executable from a script, which would be the one to be killed. */
async function executable() {
  const script = await ensureTool('workerd', RUNTIMES.workerd)
  return createRequire(script)('workerd').default
}

async function portOf(workerd) {
  for await (const line of workerd.stdio[3]) {
    const message = JSON.parse(String(line).split('\n', 1)[0])
    if (message.event === 'listen') return message.port
  }
}

function configuration(options, storage) {
  const {
    date = '2026-07-01',
    flags = [],
    vars = {},
    sessions,
    objects = {},
    scheduled,
    kv,
    services = {},
    secureServices = {},
    port = 0,
    sqlite = true,
  } = options
  const text = JSON.stringify
  const hosts = Object.entries(services)
  const secureHosts = Object.entries(secureServices)
  const classes = { ...(sessions && { [sessions]: 'EvertokenSessions' }), ...objects }
  const bindings = [
    ...Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...Object.entries(classes).map(
      ([name, className]) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`,
    ),
    ...(scheduled ? [`(name = ${text(scheduled)}, service = "main")`] : []),
    ...(kv ? [`(name = ${text(kv)}, kvNamespace = "nowhere")`] : []),
    ...[...hosts, ...secureHosts].map(([name]) => `(name = ${text(name)}, service = ${text(name)})`),
  ]
  const namespaces = Object.values(classes).map(
    (name) => `(className = ${text(name)}, uniqueKey = ${text(name)}, enableSql = ${sqlite})`,
  )
  const allFlags = [...flags, ...(scheduled ? ['service_binding_extra_handlers'] : [])]
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = ${text(date)},
      compatibilityFlags = [${allFlags.map(text).join(', ')}],
      bindings = [${bindings.join(', ')}],
      durableObjectNamespaces = [${namespaces.join(', ')}],
      durableObjectStorage = (localDisk = "storage"),
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
    (name = "nowhere", network = (allow = [])),
    (name = "storage", disk = (path = ${text(storage)}, writable = true)),
    ${hosts.map(([name, url]) => `(name = ${text(name)}, external = (address = ${text(new URL(url).host)}, http = ()))`).join(', ')}
    ${secureHosts.map(([name, service]) => `(name = ${text(name)}, external = ${secureAddress(service)})`).join(', ')}
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`
}

/** A server to which a service presents a certificate, as the binding of an mTLS certificate does. */
function secureAddress({ url, cert, key, ca }) {
  const text = JSON.stringify
  const keypair = `(privateKey = ${text(key)}, certificateChain = ${text(cert)})`
  const options = `keypair = ${keypair}, trustedCertificates = [${text(ca)}]`
  return `(address = ${text(new URL(url).host)}, https = (options = (), tlsOptions = (${options})))`
}
