import { isPromise } from '../../mechanisms/runtime/is-promise.ts'
import { copyRequestBody } from '../../mechanisms/calls/body-copy.ts'
import {
  isOfApplication,
  type IsTokenRejected,
  needsAnotherToken,
} from '../../mechanisms/calls/rejected-token.ts'
import { discardBody } from '../../mechanisms/calls/with-headers.ts'
import type { Credential, OpenRequestInit } from '../../ports/credential.ts'
import { type Hop, isRedirect, nextHop } from '../../rules/calls/redirect.ts'
import { isIncorrectCall } from '../../rules/remedy.ts'
import { ConfigurationError, EvertokenError } from '../../vocabulary/index.ts'
import { problem } from '../problem.ts'
import { type Call, type CallPolicy, onlyFrom, prepareCall, repeatable, requestFor } from './prepared-call.ts'

/** A standard `fetch`. */
export type TokenFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * Returns the credential with the current access token for a call. Throws if there is none.
 *
 * `rejected` is a credential of this source that an API rejected. The result then belongs to the same owner.
 */
export type CredentialSource = (demand: {
  readonly rejected?: Credential
  readonly signal?: AbortSignal | undefined
}) => Credential | Promise<Credential>

export interface TokenFetchPolicy extends CallPolicy {
  readonly fetch: TokenFetch
  /** Prepares a response for the application. */
  readonly receive: (response: Response) => Response
  /** Whether a call for which no token is available throws. Otherwise, it resolves to a 401 response. */
  readonly throwTokenErrors: boolean
  /** Whether a response means that the API has rejected the token. Default: the credential decides. */
  readonly isTokenRejected?: IsTokenRejected | undefined
}

const MAX_HOPS = 20

/**
 * Creates a `fetch` that sends the token of `source`, only to the configured URLs. If an API rejects a token (RFC 6750
 * §3.1), the call is repeated once with another token. A body that cannot be sent again prevents the repetition.
 */
export function tokenFetch(source: CredentialSource, policy: TokenFetchPolicy): TokenFetch {
  return async (input, init = {}) => {
    const call = prepareCall(input, init, policy)
    const { signal, first } = call
    let again = call
    let open: Response | undefined
    try {
      // A promise that is not needed would cost as much as all checks of a call.
      const found = source({ signal })
      const credential = isPromise(found) ? await found : found
      const sent = await send(first, call, credential, policy)
      if (isRedirect(sent.status)) again = repeatable(call)
      const { response, hop } = isRedirect(sent.status)
        ? await follow(sent, again, credential, policy)
        : { response: sent, hop: again.first }
      open = response
      // A server that did not receive the token cannot know whether it is valid.
      const rejected = hop.trusted && needsAnotherToken(response, credential, policy.isTokenRejected)
      if (!(rejected instanceof Promise ? await rejected : rejected)) return policy.receive(response)
      const next = await another(source, credential, signal)
      // The next call has a valid token, even if this one cannot be repeated.
      again = hop === again.first ? repeatable(again) : onlyFrom(hop, again)
      if (next.token === credential.token || again.first.body === 'spent') return policy.receive(response)
      discardBody(response.body)
      const repeated = await follow(await send(again.first, again, next, policy), again, next, policy)
      return policy.receive(repeated.response)
    } catch (error) {
      // A function of the application can throw, or the caller can abort, while the response is not read.
      if (open) discardBody(open.body)
      if (policy.throwTokenErrors || isOfApplication(error) || !isWithoutToken(error)) throw error
      return policy.receive(problem(401, error))
    }
  }
}

/** Returns another credential for a rejected one, or the same if there is none. */
async function another(
  source: CredentialSource,
  rejected: Credential,
  signal: AbortSignal | undefined,
): Promise<Credential> {
  try {
    return await source({ rejected, signal })
  } catch (error) {
    if (error instanceof EvertokenError) return rejected
    throw error
  }
}

/**
 * Whether no token is available. A `401` would hide an incorrect call, and an application that then redirects would
 * loop.
 */
function isWithoutToken(error: unknown): error is EvertokenError {
  return error instanceof EvertokenError && error.code !== 'redirect_refused' && !isIncorrectCall(error)
}

/** Follows redirects, starting with the response to the first request. Returns the last request too. */
async function follow(
  sent: Response,
  call: Call,
  credential: Credential,
  policy: TokenFetchPolicy,
): Promise<{ readonly response: Response; readonly hop: Hop }> {
  let hop = call.first
  let response = sent
  for (let hops = 0; hops <= MAX_HOPS; hops++) {
    const next = nextHop(hop, response, policy.prefixes)
    if (next === 'arrived' || call.redirect === 'manual') return { response, hop }
    discardBody(response.body)
    if (next === 'refused' || call.redirect === 'error' || hops === MAX_HOPS) break
    hop = next
    response = await send(hop, call, credential, policy)
  }
  const message = 'Cannot follow the redirect: its destination is missing or not in `allowedUrls`.'
  throw new ConfigurationError('redirect_refused', message)
}

function send(hop: Hop, call: Call, credential: Credential, policy: TokenFetchPolicy): Promise<Response> {
  const { fetch } = policy
  // The URL that was checked, or a request for it.
  const request = call.request && hop === call.first ? requestFor(call.request, hop.href, policy) : undefined
  // A body in the options replaces that of the request.
  if (request && call.init.body == null) call.copy = copyRequestBody(request, hop)
  const target = request ?? hop.href
  const init = initFor(hop, call)
  return hop.trusted ? credential.send({ fetch, target, init, hop, copy: call.copy }) : fetch(target, init)
}

function initFor({ method, headers, body }: Hop, call: Call): OpenRequestInit {
  // The headers of the call are in the hop.
  const init = { ...call.init, method, redirect: 'manual' } as OpenRequestInit
  if (headers) init.headers = new Headers(headers)
  if (call.signal) init.signal = call.signal
  if (body === 'none') delete init.body
  return init
}
