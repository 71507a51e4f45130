import { packageOf, resolveAlias } from './entries.mjs'
import { namedIn } from './describe.mjs'

/** Entries that are used besides one of a runtime, which exports the types that they share. Adapters also use several. */
const USED_WITH_ANOTHER =
  /^@evertoken\/(?:testkit.*|mcp|core\/(?:adapter|browser|credentials|grants|next|redis|sql|tenants)|node\/(?:express|fastify))$/
/** Parts of exported types. Applications name the whole type. */
const PARTS = new Set([
  'AsyncDispose',
  'AuthChoice',
  'Authorize',
  'ClientOptionMembers',
  'Engine',
  'Outside',
  'OwnConnectionOptions',
  'ProviderOptionMembers',
  'SessionEngine',
  'SharedConnectionOptions',
  'SharedStoreChoice',
  'TokenOptionMembers',
])

/**
 * Returns the types of this repository that the exported declarations of an entry name, although the entry exports
 * neither them nor a type of that name.
 */
export function findUnexported({ entry }, symbols, project) {
  if (USED_WITH_ANOTHER.test(entry)) return []
  const exported = symbols.map((symbol) => resolveAlias(project, symbol))
  const known = new Set(exported.map(({ id }) => id))
  const names = new Set(symbols.map(({ name }) => name))
  const isMissing = ({ id, name }) => !known.has(id) && !names.has(name) && !PARTS.has(name)
  const missing = exported.flatMap((symbol) =>
    namedIn(symbol, project)
      .filter((used) => packageOf(used) !== undefined && isMissing(used))
      .map((used) => `${entry} does not export ${used.name}, which ${symbol.name} names`),
  )
  return [...new Set(missing)]
}
