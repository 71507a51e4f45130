import { SymbolFlags } from 'typescript/unstable/sync'
import { isIdentifier } from 'typescript/unstable/ast/is'
import { packageOf, resolveAlias } from './entries.mjs'

/**
 * Returns the public API of an entry as text: the declarations that it exports, and those that their signatures name.
 * Declarations of another package are only named.
 */
export function describeEntry({ name, entry }, symbols, project) {
  const folder = name.split('.')[0]
  const exported = symbols.map((symbol) => [symbol.name, resolveAlias(project, symbol)])
  const isForeign = ([, symbol]) => packageOf(symbol) !== folder
  const own = exported.filter((each) => !isForeign(each))
  const known = new Set(exported.map(([, symbol]) => symbol.id))
  const parts = [
    [`// ${entry}`, ...exported.filter(isForeign).map(reExport)].join('\n'),
    ...own.map(([exportedName, symbol]) => describe(exportedName, symbol, project)),
  ]
  const hidden = findHidden(
    own.map(([, symbol]) => symbol),
    known,
    folder,
    project,
  )
  if (hidden.length > 0) parts.push('// Not exported, but part of the signatures:')
  parts.push(...hidden.map((symbol) => describe(symbol.name, symbol, project)))
  return `${parts.join('\n\n')}\n`
}

function reExport([name, symbol]) {
  return `export { ${name} } from '@evertoken/${packageOf(symbol)}'`
}

function describe(name, symbol, project) {
  const declarations = symbol.declarations.map((handle) => textOf(handle.resolve(project)))
  const alias = name === symbol.name ? [] : [`export ${symbol.name} as ${name}`]
  return [...alias, ...declarations].join('\n')
}

/** The text of a declaration without its comments. */
function textOf(node) {
  const statement = node.parent?.parent?.declarationList ? node.parent.parent : node
  return statement
    .getText()
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\n/gm, '')
    .replace(/\n\s*\|/g, ' |')
    .replace(/^(?:export )?(?:declare )?/, '')
    .replace(/^type .{110,}$/gm, (line) => line.replaceAll(' | ', '\n    | '))
}

/** The declarations of the same package that the signatures name, directly or not, although the entry does not export them. */
function findHidden(symbols, known, folder, project) {
  const found = []
  const queue = [...symbols]
  for (let symbol = queue.shift(); symbol; symbol = queue.shift()) {
    for (const used of namedIn(symbol, project)) {
      if (known.has(used.id) || packageOf(used) !== folder) continue
      known.add(used.id)
      found.push(used)
      queue.push(used)
    }
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The types that the declarations of a symbol name. */
export function namedIn(symbol, project) {
  return symbol.declarations.flatMap((handle) => symbolsIn(handle.resolve(project), project))
}

const DECLARED = SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.TypeAlias | SymbolFlags.Enum

function symbolsIn(node, project) {
  const identifiers = []
  const visit = (each) => {
    if (isIdentifier(each)) identifiers.push(each)
    each.forEachChild(visit)
  }
  visit(node)
  return project.checker
    .getSymbolAtLocation(identifiers)
    .filter((symbol) => symbol !== undefined)
    .map((symbol) => resolveAlias(project, symbol))
    .filter(({ flags }) => flags & DECLARED)
}
