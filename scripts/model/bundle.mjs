import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { applyEdits, byPath, root } from './edits.mjs'

/**
 * Bundles the model with the sources of core, changed by `edits` (see `byPath`). Throws if an edit does not fit.
 */
export async function bundleModel(outfile, edits = {}, entry = 'test/model/check.ts') {
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    sourcemap: 'inline',
    logLevel: 'silent',
    conditions: ['@evertoken/source'],
    plugins: [mutate(edits)],
  })
}

/** Changes sources of core while they are bundled. */
export function mutate(edits) {
  const paths = byPath(edits)
  return {
    name: 'mutate',
    setup({ onLoad, onEnd }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const pairs = paths.get(path)
        if (!pairs) return undefined
        paths.delete(path)
        return { contents: applyEdits(await readFile(path, 'utf8'), pairs), loader: 'ts' }
      })
      onEnd(() => {
        for (const path of paths.keys()) throw new Error(`Cannot mutate '${path}': the model does not use it`)
      })
    },
  }
}
