import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
// The version of TypeScript is pinned, so a change of this interface cannot come unnoticed.
import { API, SymbolFlags } from 'typescript/unstable/sync'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, '.cache/declarations')

/** Returns `{ name, entry, types }` for each entry of each package: `core.tokens`, `@evertoken/core/tokens`, its `.d.ts`. */
export function listEntries() {
  return readdirSync(join(root, 'packages')).flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'))
    return Object.entries(exports)
      .filter(([key]) => !key.endsWith('.json'))
      .map(([key, { types }]) => ({
        name: folder + key.slice(1).replaceAll('/', '.'),
        entry: name + key.slice(1),
        types: join(root, 'packages', folder, types),
      }))
  })
}

/**
 * Loads the emitted declarations of all entries, and calls `work` with each entry, the symbols that it exports, and
 * the project of the compiler.
 */
export function forEachEntry(work) {
  const entries = listEntries()
  const api = new API({ cwd: root })
  try {
    const project = openProject(
      api,
      entries.map(({ types }) => types),
    )
    for (const entry of entries) work(entry, exportsOf(project, entry.types), project)
  } finally {
    api.close()
  }
}

/** Without the condition for sources, a package sees the declarations of another package. */
function openProject(api, files) {
  mkdirSync(cache, { recursive: true })
  const config = join(cache, 'tsconfig.json')
  const compilerOptions = { customConditions: [], noEmit: true, composite: false, types: ['node'] }
  writeFileSync(
    config,
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, files, references: [] }),
  )
  return api.updateSnapshot({ openProjects: [config] }).getProject(config)
}

function exportsOf({ program, checker }, file) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file))
  return checker.getExportsOfModule(module).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The symbol that an export or an import stands for. */
export function resolveAlias({ checker }, symbol) {
  return symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

/** The folder of the package whose declarations contain the symbol, or `undefined` outside of this repository. */
export function packageOf(symbol) {
  const path = symbol.declarations[0]?.path ?? ''
  const [, folder] = path.toLowerCase().split(`${sep}packages${sep}`)
  return folder?.split(sep)[0]
}
