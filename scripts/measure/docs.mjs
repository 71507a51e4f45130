import { SymbolFlags } from 'typescript/unstable/sync'
import { forEachEntry, packageOf, resolveAlias } from '../api/entries.mjs'

const WITH_MEMBERS = SymbolFlags.Class | SymbolFlags.Interface

/**
 * Returns the exported declarations without a doc comment, the members of exported types without one, and the exported
 * functions without an example, as `entry: name.member`. Each is listed once, under the first entry that exports it.
 */
export function findUndocumented() {
  const known = new Set()
  const found = []
  const withoutExample = []
  let total = 0
  forEachEntry(({ name, entry }, symbols, project) => {
    const check = (symbol, path) => {
      if (known.has(symbol.id)) return
      known.add(symbol.id)
      total += 1
      if (project.checker.getDocumentationCommentOfSymbol(symbol) === '') found.push(`${entry}: ${path}`)
      if (symbol.flags & SymbolFlags.Function && !hasExample(symbol, project))
        withoutExample.push(`${entry}: ${path}`)
    }
    for (const exported of symbols) {
      const symbol = resolveAlias(project, exported)
      if (packageOf(symbol) !== name.split('.')[0]) continue
      check(symbol, exported.name)
      for (const member of membersOf(symbol)) check(member, `${exported.name}.${member.name}`)
    }
  })
  return { found, withoutExample, total }
}

function hasExample({ declarations }, project) {
  return declarations.some((handle) => handle.resolve(project).getFullText().includes('* @example'))
}

/** The members that the type itself declares, without type parameters, constructors and private members. */
function membersOf(symbol) {
  if (!(symbol.flags & WITH_MEMBERS)) return []
  return [...symbol.getMembers().values()].filter(
    ({ name, flags }) => !(flags & SymbolFlags.TypeParameter) && /^[a-z]\w*$/i.test(name),
  )
}
