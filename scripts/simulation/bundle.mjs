import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { mutate } from '../model/bundle.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Bundles the simulation with the sources of core, changed by `edits`. See `bundleModel`. */
export async function bundleSimulation(outfile, edits = {}) {
  await build({
    entryPoints: [join(root, 'test/simulation/check.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    sourcemap: 'inline',
    logLevel: 'silent',
    conditions: ['@evertoken/source'],
    alias: { 'iron-webcrypto': join(root, 'test/simulation/fast-seal.ts') },
    plugins: [mutate(edits)],
  })
}
