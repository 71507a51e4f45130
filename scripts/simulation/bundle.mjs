import { join } from 'node:path'
import { build } from 'esbuild'
import { useSources } from '../model/bundle.mjs'
import { root } from '../mutants/core.mjs'

/** Bundles the simulation with the sources of core, changed by `sources`. See `bundleModel`. */
export async function bundleSimulation(outfile, sources = new Map()) {
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
    plugins: [useSources(sources)],
  })
}
