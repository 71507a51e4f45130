import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import type { Program } from './programs.ts'
import { entryOf, WORKER_FILES } from './worker-programs.ts'
import { VARIABLES, WRANGLER_ENV, wranglerConfig, wranglerOf, writeFiles } from './workers.ts'

const run = promisify(execFile)
const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

/** Without wrangler, an application declares these. */
const ENV = `interface Env extends Cloudflare.Env {}
declare namespace Cloudflare {
  interface Env {
    CLIENT_SECRET: string
    SESSION_SECRET: string
    SESSIONS: DurableObjectNamespace
    API: Fetcher
    JOBS: Queue<string>
    SUBSCRIBERS: KVNamespace
    OWNERS: KVNamespace
  }
}
`

const BINDINGS = {
  main: 'main/worker.ts',
  services: [{ binding: 'API', service: 'orders' }],
  queues: { producers: [{ binding: 'JOBS', queue: 'jobs' }] },
  kv_namespaces: [
    { binding: 'SUBSCRIBERS', id: 'subscribers' },
    { binding: 'OWNERS', id: 'owners' },
  ],
}

export const typePrograms: readonly Program[] = [
  {
    name: 'types @cloudflare/workers-types',
    async run({ folder }) {
      await writeFiles(folder, { 'env.d.ts': ENV })
      await compile(folder, ['@cloudflare/workers-types'], ['env.d.ts'])
    },
  },
  {
    name: 'types wrangler types',
    async run({ folder, project }) {
      await writeFiles(folder, {
        'wrangler.jsonc': wranglerConfig(BINDINGS),
        '.dev.vars': Object.keys(VARIABLES)
          .map((name) => `${name}=x`)
          .join('\n'),
      })
      await writePrograms(folder)
      const env = { ...process.env, ...WRANGLER_ENV, XDG_CONFIG_HOME: folder }
      await run(process.execPath, [wranglerOf(project), 'types'], { cwd: folder, env })
      await compile(folder, [], ['worker-configuration.d.ts'])
    },
  },
]

async function writePrograms(folder: string): Promise<void> {
  for (const [name, files] of Object.entries(WORKER_FILES)) await writeFiles(join(folder, name), files)
}

async function compile(folder: string, types: readonly string[], files: readonly string[]): Promise<void> {
  await writePrograms(folder)
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2023'],
    module: 'ES2022',
    moduleResolution: 'bundler',
    allowImportingTsExtensions: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    // The declarations of the platform contain errors.
    skipLibCheck: true,
    noEmit: true,
    types,
  }
  const programs = Object.keys(WORKER_FILES).map((name) => entryOf('.', name))
  const config = { compilerOptions, files: [...files, ...programs] }
  await writeFiles(folder, { 'tsconfig.json': JSON.stringify(config) })
  await run(process.execPath, [tsc, '-p', folder])
}
