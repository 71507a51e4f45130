import { ConfigurationError } from '@evertoken/core/tokens'

const BIND = 'export the class "EvertokenSessions", list it under "new_sqlite_classes", and bind it'

/** @throws {ConfigurationError} If it is not a binding to Durable Objects. The message names the fix. */
export function checkSessionsBinding(binding: unknown): void {
  checkNoDatabase(binding)
  // A service binding seems to have every method, those of Workers KV as well.
  if (!isNamespace(binding) || isKv(binding))
    throw unfit(`is missing in "env", or no Durable Object: ${BIND}`)
}

/** @throws {ConfigurationError} If the option is a binding. A store must be created from the binding first. */
export function checkNoBinding(store: unknown): void {
  checkNoDatabase(store)
  if (isNamespace(store)) throw unfit('is not a store. Use `createDurableObjectStore`')
}

export function notSqlite(): ConfigurationError {
  return unfit('is without SQLite: list its class under "new_sqlite_classes", not "new_classes"')
}

/** A service binding seems to have every method. */
function checkNoDatabase(binding: unknown): void {
  if (isNamespace(binding)) return
  const isD1 = 'prepare' in Object(binding) && 'a D1 database, which cannot swap records'
  const database = isKv(binding) ? 'Workers KV, which can return old values' : isD1
  if (database) throw unfit(`is ${database}: use "createDurableObjectStore", and ${BIND}`)
}

function isKv(binding: unknown): boolean {
  return 'getWithMetadata' in Object(binding)
}

function isNamespace(binding: unknown): boolean {
  return 'idFromName' in Object(binding)
}

function unfit(problem: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `Cannot keep sessions: the binding ${problem}`)
}
