import type { KeepAlive } from '../../ports/runtime.ts'
import type { ConnectionApplication } from './connection-application.ts'
import { createConnectionFunctions, type FoundConnection } from './connection-functions.ts'
import { checkName, checkOwner } from './connection-names.ts'
import { withConnectionParts } from './connection-parts.ts'
import type { Connection, CurrentConnection } from './connection-types.ts'

/**
 * Creates the functions of one connection. It makes no request.
 *
 * @throws {ConfigurationError} If the owner is empty, or the provider does not exist.
 */
export function createBoundConnection<Name extends string>(
  application: ConnectionApplication,
  owner: string,
  name: Name,
  keepAlive: KeepAlive,
): Connection<Name> {
  const { label } = checkName(name, application.values.providers)
  const context = { owner: checkOwner(owner), label }
  let found: FoundConnection | undefined
  const find = async () => (found ??= { ref: await application.store.refOf({ owner, name }), context })
  const functions = createConnectionFunctions(application, name, keepAlive, find)
  return withConnectionParts({ ...functions, owner }, { application, keepAlive })
}

/**
 * Creates the functions of the connection of the current user. Each call finds the owner.
 *
 * @param findOwner - Resolves to `undefined` if no user is signed in.
 * @throws {ConfigurationError} If the provider does not exist.
 */
export function createCurrentConnection<Name extends string>(
  application: ConnectionApplication,
  name: Name,
  keepAlive: KeepAlive,
  findOwner: () => Promise<string | undefined>,
): CurrentConnection<Name> {
  const { label } = checkName(name, application.values.providers)
  return createConnectionFunctions(application, name, keepAlive, async () => {
    const owner = await findOwner()
    if (owner === undefined) return undefined
    return { ref: await application.store.refOf({ owner, name }), context: { owner, label } }
  })
}
