import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from '../mutants/core.mjs'

/** Bundles the model with the sources of core. `sources` are changed ones by their path, from `applyEdits`. */
export async function bundleModel(outfile, sources = new Map(), entry = 'test/model/check.ts') {
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    sourcemap: 'inline',
    logLevel: 'silent',
    conditions: ['@evertoken/source'],
    plugins: [useSources(sources)],
  })
}

/** Bundles changed sources of core in place of the files. Throws if the bundle does not need one of them. */
export function useSources(sources) {
  const unused = new Set(sources.keys())
  return {
    name: 'use-sources',
    setup({ onLoad, onEnd }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!sources.has(path)) return undefined
        unused.delete(path)
        return { contents: sources.get(path), loader: 'ts' }
      })
      onEnd(() => {
        for (const path of unused) throw new Error(`Cannot mutate '${path}': the model does not use it`)
      })
    },
  }
}
