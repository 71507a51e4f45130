import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root, run } from './packages.mjs'

const consumer = fileURLToPath(new URL('./consumer.ts', import.meta.url))
const RESOLUTIONS = {
  NodeNext: { module: 'NodeNext', moduleResolution: 'NodeNext' },
  bundler: { module: 'Preserve', moduleResolution: 'bundler' },
}

/** For each way to resolve modules, a function that type-checks a small application, the declarations included. */
export function typeChecks(project) {
  return Object.fromEntries(
    Object.entries(RESOLUTIONS).map(([name, resolution]) => [name, () => check(project, name, resolution)]),
  )
}

/** The entries that the small application leaves out. */
export async function unusedEntries(entries) {
  const text = await readFile(consumer, 'utf8')
  return entries.filter((entry) => !text.includes(`from '${entry}'`))
}

async function check(project, name, resolution) {
  await cp(consumer, join(project, 'consumer.ts'))
  const compilerOptions = {
    ...resolution,
    target: 'ES2022',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    typeRoots: [join(root, 'node_modules/@types')],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  }
  const file = join(project, `tsconfig.${name}.json`)
  await writeFile(file, JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', file])
}
