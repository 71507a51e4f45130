import { isPromise } from '../mechanisms/runtime/is-promise.ts'
import { type CredentialSource, type TokenFetch, tokenFetch } from '../handlers/calls/token-fetch.ts'
import { signInRequired } from '../handlers/problem.ts'
import { withMutableHeaders } from '../mechanisms/calls/with-headers.ts'
import type { TokenResult } from '../mechanisms/refresh/attempt.ts'
import type { Credential } from '../ports/credential.ts'
import { tokenKey, type TokenParameters } from '../model/token-parameters.ts'
import { type AllowedPrefix, parsePrefix } from '../rules/calls/allowed-urls.ts'
import { SignInRequiredError } from '../vocabulary/index.ts'
import type { Snapshot } from '../ports/session-handle.ts'
import type { KeepAlive, RequestContext } from '../ports/runtime.ts'
import { credentialFor, credentialOf } from './access-tokens.ts'
import type { BoundSession } from './bound-session.ts'
import { invalid } from './checks.ts'
import { findCurrent } from './current-session.ts'
import {
  checkTokenFetchOptions,
  type TokenFetchOptions,
  type TokenFetchValues,
} from './token-fetch-options.ts'
import { sourcesOf } from './application-sources.ts'
import {
  connectClient,
  connectSource,
  type SourceContext,
  type TokenName,
  type TokenSource,
} from './token-source.ts'

/** The part of an application that calls without a session use. */
export interface Outside {
  /** Returns the application that requests the token. */
  sources(): SourceContext
  /** Returns the session of the request being handled, if there is one. */
  session(): BoundSession | undefined
  /** Returns the function that keeps the work of a call alive. `undefined`: the function of the application. */
  keepAlive(): KeepAlive | undefined
}

/**
 * Connects the calls that need no session to their application.
 *
 * @param engine - The result of `createEngine` or `createTokenEngine`.
 * @param context - The context of the runtime. It finds the request.
 * @param keepAlive - Keeps the work of calls outside requests alive. Default: the function of the runtime.
 * @example
 *   const engine = createEngine({ ...options, store }, runtime)
 *   const outside = createOutside(engine, runtime.context)
 *   const { getClientAccessToken } = createCurrentSession(runtime.context, options.onEvent, outside)
 */
export function createOutside(engine: object, context: RequestContext, keepAlive?: KeepAlive): Outside {
  const session = () => findCurrent(context)
  return {
    sources: () => sourcesOf(engine) as SourceContext,
    session,
    keepAlive: () => session()?.session.keepAlive ?? keepAlive,
  }
}

/** Without a function that finds the application, only a session leads to it. */
export function outsideOf(find: () => BoundSession): Outside {
  return {
    sources: () => find().application.sources,
    session: find,
    keepAlive: () => find().session.keepAlive,
  }
}

/**
 * Creates a token fetch.
 *
 * @param find - Finds the session, at every call.
 * @param outside - Finds the application for calls that need no session.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createBoundTokenFetch(
  find: () => BoundSession,
  options: TokenFetchOptions<TokenName>,
  outside: Outside = outsideOf(find),
): TokenFetch {
  const values = checkTokenFetchOptions(options)
  const { token, minValiditySeconds } = values
  const findSession = token === 'user' || token === 'user-or-client' ? find : outside.session
  const createSource = (parameters: TokenParameters) =>
    createCredentialSource(token, parameters, find, outside, minValiditySeconds)
  return connectTokenFetch(values, createSource, receiver(findSession))
}

/**
 * Creates a token fetch from checked options.
 *
 * @param createSource - Creates the function that gets the credential of each call.
 * @param receive - Prepares each response for the application.
 * @throws {ConfigurationError} If no URL is allowed.
 */
export function connectTokenFetch(
  values: TokenFetchValues,
  createSource: (parameters: TokenParameters) => CredentialSource,
  receive: (response: Response) => Response,
): TokenFetch {
  const {
    baseUrl,
    allowedUrls,
    insecureHosts,
    minValiditySeconds: _,
    throwTokenErrors,
    isTokenRejected,
    fetch = runtimeFetch,
    token: __,
    ...parameters
  } = values
  const urls = [baseUrl ?? [], allowedUrls].flat()
  const [first, ...others] = urls.map((each) => parsePrefix(each, insecureHosts) as AllowedPrefix)
  if (!first) throw invalid('baseUrl', 'is missing. Set it to the URL of the API')
  const prefixes = [first, ...others] as const
  const source = createSource(parameters as TokenParameters)
  return tokenFetch(source, { baseUrl, prefixes, throwTokenErrors, isTokenRejected, fetch, receive })
}

/** Creates the function that gets the credential of each call. */
export function createCredentialSource(
  token: TokenName | TokenSource,
  parameters: TokenParameters,
  find: () => BoundSession,
  outside: Outside = outsideOf(find),
  minValiditySeconds?: number,
): CredentialSource {
  const key = tokenKey(parameters)

  const ofUser: CredentialSource = ({ rejected, signal }) => {
    const { getToken, application } = find()
    const toCredential = (found: TokenResult<Snapshot>) => userCredential(found, application)
    const result = getToken({
      key,
      request: parameters,
      rejected: rejected?.token,
      signal,
      minValiditySeconds,
    })
    return isPromise(result) ? result.then(toCredential) : toCredential(result)
  }

  const ofSource: CredentialSource = async ({ rejected, signal }) => {
    const sources = outside.sources()
    const getToken = typeof token === 'object' ? connectSource(token, sources) : connectClient(sources)
    const demand = { rejected: rejected?.token, signal, minValiditySeconds }
    return credentialOf(await getToken({ ...demand, parameters, keepAlive: outside.keepAlive(), find }))
  }

  if (token === 'user') return ofUser
  if (token !== 'user-or-client') return ofSource
  return userOrClient(ofUser, ofSource)
}

function userCredential(result: TokenResult<Snapshot>, application: BoundSession['application']): Credential {
  if (result.kind === 'sign_in') throw signInRequired(result.code, result.isRevoked)
  return credentialFor(result, application)
}

/**
 * A call that began as the user is never repeated as the application, which could have more rights. Without a current
 * session, the call fails, because a lost async context would hide the user.
 */
function userOrClient(ofUser: CredentialSource, ofClient: CredentialSource): CredentialSource {
  const ownedByClient = new WeakSet<Credential>()

  async function fromClient(demand: Parameters<CredentialSource>[0]): Promise<Credential> {
    const credential = await ofClient(demand)
    ownedByClient.add(credential)
    return credential
  }

  return async (demand) => {
    const { rejected } = demand
    if (rejected) return ownedByClient.has(rejected) ? fromClient(demand) : ofUser(demand)
    try {
      return await ofUser(demand)
    } catch (error) {
      // A user whose refresh fails, or whose session has ended, must not get the rights of the application.
      if (error instanceof SignInRequiredError && error.code === 'no_session') return fromClient(demand)
      throw error
    }
  }
}

/** The `fetch` of the runtime at the time of the call, because tools replace it. */
export const runtimeFetch: TokenFetch = (input, init) => globalThis.fetch(input, init)

/** Creates the function that prepares each response for the application. */
export function receiver(find: () => BoundSession | undefined): (response: Response) => Response {
  return (response) => find()?.fetched.receive(response) ?? withMutableHeaders(response)
}
