import { validateTokenParameters } from '../../model/token-parameters.ts'
import { canStartLogin, isFromOtherSite, isPrefetch } from '../../rules/browser/same-site.ts'
import { safeReturnTo } from '../../rules/sign-in/return-to.ts'
import { RequestRefusedError, SignInRequiredError } from '../../vocabulary/index.ts'
import { createResponse, escapeHtml, page, redirect, UNFRAMED } from '../responses.ts'
import { notOpened } from '../routes/login.ts'
import {
  type ConnectContext,
  type ConnectProvider,
  connectRefusal,
  outcomeOf,
  returnWith,
} from './connect-context.ts'
import { authorizeConnection } from './connection-grant.ts'

/**
 * Sends the browser of an owner to the provider (RFC 6749 §4.1.1, with PKCE).
 *
 * The request asks for the configured scope, the scope that is granted already, and that in the query, so a new consent never
 * removes a part of the grant.
 */
export async function connect(
  context: ConnectContext,
  name: string,
  provider: ConnectProvider,
): Promise<Response> {
  const { request, query, origin, home, logins } = context
  const { headers } = request
  if (isPrefetch(headers)) return createResponse(503)
  if (!canStartLogin(headers)) return notOpened()
  // Some providers ask nothing if they know the user. Another site could have signed the browser in there as another user.
  if (isFromOtherSite(headers)) return confirmConnect(name, new URL(request.url).search)
  const returnTo = safeReturnTo(query.get('returnTo'), origin, home)
  const owner = provider.isOwnerInResponse ? undefined : await context.findOwner()
  if (owner === undefined && !provider.isOwnerInResponse) return connectRefusal(request, ownerMissing())
  try {
    const { url, login } = await authorizeConnection(
      provider,
      { owner, name },
      readScope(query),
      (connection, proofKey) => logins.begin({ returnTo, proofKey, connection }),
    )
    return redirect(url.href, login.cookies, 302)
  } catch (error) {
    return returnWith(outcomeOf(provider.reportFailure(error)), name, returnTo, context)
  }
}

/** @throws {RequestRefusedError} If the scope in the query is malformed. */
function readScope(query: URLSearchParams): string | undefined {
  const scope = query.get('scope') || undefined
  if (scope === undefined || validateTokenParameters({ scope }) === undefined) return scope
  throw new RequestRefusedError('login_request_invalid', 'Cannot connect: `scope` is malformed')
}

/** Returns a page with a link to the same address. Only a click of the user opens it. */
function confirmConnect(name: string, search: string): Response {
  const body =
    `<h1>Connect an account</h1><p>A link on another site brought you here. Continue to ` +
    `<a href="${escapeHtml(search || '?')}">${escapeHtml(name)}</a>.</p>`
  return page(createResponse(200), 'Connect an account', UNFRAMED, body)
}

function ownerMissing(): SignInRequiredError {
  const message = 'You are not signed in in this browser. Sign in, and open the link again.'
  return new SignInRequiredError('no_session', message)
}
