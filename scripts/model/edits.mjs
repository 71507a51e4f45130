import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const source = join(root, 'packages/core/src')

/** Edits by the path of their file in core: `{ 'rules/x.ts': [[search, replace], …] }`. Returns them by absolute path. */
export function byPath(edits) {
  return new Map(Object.entries(edits).map(([name, pairs]) => [join(source, name), pairs]))
}

/** Throws if the source does not contain a searched text exactly once. */
export function applyEdits(text, pairs) {
  return pairs.reduce(replaceOnce, text)
}

function replaceOnce(text, [search, replacement]) {
  const found = text.split(search).length - 1
  if (found !== 1) throw new Error(`Cannot mutate: found ${found} times, not once, in the source: ${search}`)
  return text.replace(search, () => replacement)
}
