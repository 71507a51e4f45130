import { type TokenFetch, tokenFetch, type TokenFetchPolicy } from '../handlers/calls/token-fetch.ts'
import { signInRequired } from '../handlers/problem.ts'
import { withMutableHeaders } from '../mechanisms/calls/with-headers.ts'
import { tokenKey, type TokenParameters } from '../model/token-parameters.ts'
import { type AllowedPrefix, parsePrefix } from '../rules/calls/allowed-urls.ts'
import { accessTokenOf, type BoundSession } from './bound-session.ts'
import { invalid } from './checks.ts'
import { checkTokenFetchOptions, type TokenFetchOptions } from './token-fetch-options.ts'

/**
 * Creates a token fetch.
 *
 * @param find - Finds the session, at every call.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createBoundTokenFetch(find: () => BoundSession, options: TokenFetchOptions): TokenFetch {
  const { baseUrl, allowedUrls, throwTokenErrors, fetch, ...parameters } = checkTokenFetchOptions(options)
  const urls = [baseUrl ?? [], allowedUrls].flat()
  const [first, ...others] = urls.map((each) => parsePrefix(each) as AllowedPrefix)
  if (!first) throw invalid('baseUrl', 'is missing. It is the URL of the API, below which the token is sent')
  const prefixes = [first, ...others] as const
  const policy = { baseUrl, prefixes, throwTokenErrors, fetch: holdResponses(find, fetch) }
  const call = withToken(find, parameters as TokenParameters, policy)
  return async (input, init) => {
    const response = await call(input, init)
    find().fetched.add(response)
    return response
  }
}

/** Creates a `fetch` that sends the requested token to the URLs that the policy allows. */
export function withToken(
  find: () => BoundSession,
  parameters: TokenParameters,
  policy: TokenFetchPolicy,
): TokenFetch {
  const key = tokenKey(parameters)
  return tokenFetch(async ({ rejected, signal }) => {
    const { obtain, application } = find()
    const result = await obtain({ key, request: parameters, rejected, signal })
    if ('signIn' in result) throw signInRequired(result.signIn)
    return accessTokenOf(result.token, application.serverClock.read())
  }, policy)
}

/**
 * Wraps a `fetch`, by default the runtime's. If the runtime needs it, the API responses are kept until the request
 * ends.
 */
export function holdResponses(find: () => BoundSession, fetch?: TokenFetch): TokenFetch {
  return async (input, init) => {
    const { responses } = find()
    const response = await (fetch ? fetch(input, init) : globalThis.fetch(input, init))
    return responses?.hold(response) ?? withMutableHeaders(response)
  }
}
