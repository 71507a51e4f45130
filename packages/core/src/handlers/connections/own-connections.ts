import { isSameOriginRequest } from '../../rules/browser/same-site.ts'
import { safeReturnTo } from '../../rules/sign-in/return-to.ts'
import type { RevocationOutcome } from '../../vocabulary/index.ts'
import { crossSiteProblem, problem, refuseCrossSite, signInRequired } from '../problem.ts'
import { isNavigation, privateJson } from '../responses.ts'
import { type ConnectContext, returnWith } from './connect-context.ts'

/**
 * Removes a connection of the owner at the browser, and revokes its grant (RFC 7009). Another site cannot cause it.
 *
 * @param remove - Removes the connection of this owner.
 */
export async function disconnect(
  context: ConnectContext,
  name: string,
  remove: (owner: string) => Promise<RevocationOutcome>,
): Promise<Response> {
  const { request, query, origin, home } = context
  if (!isSameOriginRequest(request.headers, origin)) return crossSiteProblem()
  const owner = await context.findOwner()
  if (owner === undefined) return problem(401, signInRequired('no_session'))
  const outcome = await remove(owner)
  if (!isNavigation(request)) return privateJson({ outcome })
  const returnTo = safeReturnTo(query.get('returnTo'), origin, home)
  return returnWith('disconnected', name, returnTo, context)
}

/** Returns the states of all connections of the owner at the browser, without tokens. */
export async function listRoute(
  { request, origin, findOwner }: Pick<ConnectContext, 'request' | 'origin' | 'findOwner'>,
  list: (owner: string) => Promise<unknown>,
): Promise<Response> {
  const refused = refuseCrossSite(request, origin)
  if (refused) return refused
  const owner = await findOwner()
  return owner === undefined ? problem(401, signInRequired('no_session')) : privateJson(await list(owner))
}
