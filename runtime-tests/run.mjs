/** `npm run test:runtimes [-- node@20 workerd …]`: bundles the driver and a program for each runtime, and runs them. */
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { startWorkerd } from '../packages/cloudflare/test/workerd.mjs'
import * as tools from '../scripts/tools.mjs'

const here = import.meta.dirname
const entries = (await readdir(join(here, 'entries'))).filter((name) => name.endsWith('.ts'))

await build({
  absWorkingDir: here,
  entryPoints: ['main.ts', ...entries.map((name) => join('entries', basename(name)))],
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  mainFields: ['module', 'main'],
  conditions: ['@evertoken/source'],
  external: ['node:*', 'cloudflare:*'],
  logLevel: 'warning',
})
const { main } = await import('./dist/main.js')
process.exitCode = await main(process.argv.slice(2), { ...tools, startWorkerd })
