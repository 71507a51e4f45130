import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { startProgram } from '../adapters/start-program.ts'
import { codeBelow } from './documents.ts'

/** The files of a program by name. */
export type Files = Readonly<Record<string, string>>

/** Variables that the programs of the documentation read from `env`. */
export const VARIABLES = {
  CLIENT_SECRET: 'web-secret-for-tests-only',
  SESSION_SECRET: 'a secret of thirty-two characters',
}

/** The part of Miniflare that is used here. It runs workerd with local versions of the bindings. */
interface Miniflare {
  readonly ready: Promise<URL>
  getWorker(): Promise<{ scheduled(options: { cron: string }): Promise<{ outcome: string }> }>
  dispose(): Promise<void>
}

interface MiniflareModule {
  readonly Miniflare: new (options: object) => Miniflare
  /** Accepts the documented options, which the next version spells differently. */
  convertV4MiniflareOptions(options: object): object
}

export interface WorkerOptions {
  readonly project: string
  readonly flags?: readonly string[]
  readonly date?: string
  /** Further variables for `env`. */
  readonly bindings?: Readonly<Record<string, string>>
  /** Handles the requests to the service binding `API`. */
  readonly api: (request: Request) => Promise<Response>
}

export interface RunningWorker {
  readonly url: string
  /** Runs the cron trigger. Resolves to its outcome: `ok` if the program threw no error. */
  runSchedule(): Promise<string>
  stop(): Promise<void>
}

export async function writeFiles(folder: string, files: Files): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

/** Bundles a program against the packed packages, as the tools of the platform do. */
export async function bundle(entry: string, overrides: object): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['cloudflare:*', 'node:*'],
    logLevel: 'error',
    ...overrides,
  })
  return outputFiles[0]?.text ?? ''
}

/** Runs a Worker on workerd, with every binding that a program of the documentation uses. */
export async function startWorker(folder: string, options: WorkerOptions): Promise<RunningWorker> {
  const { project, flags = [], date = '2026-07-01', bindings, api } = options
  const conditions = ['workerd', 'worker', 'import', 'default']
  const contents = await bundle(join(folder, 'worker.ts'), { conditions })
  const miniflare = await createMiniflare(project, {
    modules: [{ type: 'ESModule', path: 'worker.js', contents }],
    compatibilityDate: date,
    compatibilityFlags: flags,
    bindings: { ...VARIABLES, ...bindings },
    durableObjects: { SESSIONS: { className: 'EvertokenSessions', useSQLite: true } },
    kvNamespaces: ['SUBSCRIBERS', 'OWNERS'],
    queueProducers: { JOBS: 'jobs' },
    queueConsumers: { jobs: { maxBatchTimeout: 0 } },
    serviceBindings: { API: api },
    host: '127.0.0.1',
    port: 0,
    cf: false,
    // The programs print what they receive.
    handleStructuredLogs() {},
  })
  const { origin } = await miniflare.ready
  return {
    url: origin,
    async runSchedule() {
      const { outcome } = await (await miniflare.getWorker()).scheduled({ cron: '* * * * *' })
      return outcome
    },
    stop: () => miniflare.dispose(),
  }
}

async function createMiniflare(project: string, options: object): Promise<Miniflare> {
  const path = createRequire(join(project, 'package.json')).resolve('miniflare')
  const miniflare = (await import(pathToFileURL(path).href)) as MiniflareModule
  return new miniflare.Miniflare(miniflare.convertV4MiniflareOptions(options))
}

/** The configuration of the documentation, with further members. */
export function wranglerConfig(members: object): string {
  const [, documented = ''] = codeBelow('quick-start/cloudflare.md', 'Write the Worker')
  const json = documented.replaceAll(/^\s*\/\/.*$/gm, '').replaceAll(/,(\s*[}\]])/g, '$1')
  return JSON.stringify({ name: 'documented', ...(JSON.parse(json) as object), ...members })
}

export function wranglerOf(project: string): string {
  return join(project, 'node_modules/wrangler/bin/wrangler.js')
}

/** Keeps wrangler from asking, reporting and fetching. */
export const WRANGLER_ENV = {
  CI: '1',
  WRANGLER_SEND_METRICS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_LOG_SANITIZE: 'false',
}

/** Runs `wrangler dev` in a folder with `wrangler.jsonc` and `.dev.vars`. */
export async function startWrangler(folder: string, project: string, port: number, args: readonly string[]) {
  const dev = ['dev', '--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0', ...args]
  const env = { ...WRANGLER_ENV, XDG_CONFIG_HOME: folder }
  const options = { cwd: folder, env, ready: /Ready on (http:\/\/[\w.:]+)/ }
  return startProgram(process.execPath, [wranglerOf(project), ...dev], options)
}
