import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const source = join(root, 'packages/core/src')

/**
 * Bundles the model with the sources of core, changed by `edits` on the way: `{ 'rules/x.ts': [[search, replace], …] }`.
 * Throws when a text that is to be replaced is not there once.
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

function mutate(edits) {
  const paths = new Map(Object.entries(edits).map(([name, pairs]) => [join(source, name), pairs]))
  return {
    name: 'mutate',
    setup({ onLoad, onEnd }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const pairs = paths.get(path)
        if (!pairs) return undefined
        paths.delete(path)
        return { contents: pairs.reduce(replaceOnce, await readFile(path, 'utf8')), loader: 'ts' }
      })
      onEnd(() => {
        for (const path of paths.keys()) throw new Error(`Cannot mutate '${path}': the model does not use it`)
      })
    },
  }
}

function replaceOnce(text, [search, replacement]) {
  const found = text.split(search).length - 1
  if (found !== 1) throw new Error(`Cannot mutate: found ${found} times, not once, in the source: ${search}`)
  return text.replace(search, () => replacement)
}
