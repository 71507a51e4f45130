import { ConfigurationError } from '@evertoken/core/tokens'

const BIND =
  'bind a Durable Object to the class "EvertokenSessions", list it under "new_sqlite_classes" of a migration, ' +
  'and export it from the Worker'

/** @throws ConfigurationError unless it is a binding to Durable Objects; it says what to add. */
export function checkSessionsBinding(binding: unknown): void {
  if (binding === undefined || binding === null) throw unfit(`is missing in "env": ${BIND}`)
  checkNotKv(binding)
  const { idFromName } = binding as { readonly idFromName?: unknown }
  // A service binding seems to have every method, those of Workers KV as well.
  if (typeof idFromName !== 'function' || isKv(binding)) throw unfit(`is not what keeps sessions: ${BIND}`)
}

/** @throws ConfigurationError when a binding was given where a store has to be made of it first. */
export function checkNoBinding(store: unknown): void {
  checkNotKv(store)
  if ('idFromName' in Object(store)) throw unfit('is not a store yet: use "createDurableObjectStore" on it')
}

export function notSqlite(): ConfigurationError {
  const problem =
    'is without SQLite: list its class under "new_sqlite_classes" of a migration, not "new_classes"'
  return unfit(problem)
}

function checkNotKv(binding: unknown): void {
  if (!isKv(binding) || 'idFromName' in Object(binding)) return
  throw unfit(`is Workers KV, which answers with old values; use "createDurableObjectStore": ${BIND}`)
}

function isKv(binding: unknown): boolean {
  return 'getWithMetadata' in Object(binding)
}

function unfit(problem: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `Cannot keep sessions: the binding ${problem}`)
}
