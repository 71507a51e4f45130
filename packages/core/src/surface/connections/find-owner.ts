import { invalid } from '../checks.ts'
import type { ConnectionHost } from './connection-host.ts'
import { checkOwner } from './connection-names.ts'
import type { SharedValues } from './connections-options.ts'

/** Returns a function that finds the owner at the browser of a request. Returns `undefined` if nothing shows the owner. */
export function createOwnerFinder({
  owner,
  auth,
}: SharedValues): ((request: Request) => Promise<string | undefined>) | undefined {
  if (owner)
    return async (request) => {
      const found = await owner(request)
      return found === undefined ? undefined : checkOwner(found)
    }
  return auth && (async (request) => (await auth.readOnlySession(request).getSession())?.claims.sub)
}

/**
 * Returns a function that finds the owner of the request that is handled.
 *
 * @throws {ConfigurationError} If the option `auth` is missing. The function rejects with it if no request is being handled.
 */
export function createCurrentOwnerFinder(
  { currentRequest }: Pick<ConnectionHost, 'currentRequest'>,
  values: SharedValues,
): () => Promise<string | undefined> {
  const { auth, owner } = values
  if (!auth) throw invalid('auth', 'is missing. Set it, or use `get(owner, name)`')
  const findOwner = owner && createOwnerFinder(values)
  return async () => {
    const request = currentRequest()
    if (findOwner && request) return findOwner(request)
    // It also throws the error if no request is being handled.
    const session = await auth.getSession()
    // With `owner`, users of several registrations can have the same `sub`.
    return findOwner ? undefined : session?.claims.sub
  }
}
