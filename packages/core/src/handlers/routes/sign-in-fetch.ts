import { withMutableHeaders } from '../../mechanisms/calls/with-headers.ts'
import type { Credential } from '../../ports/credential.ts'
import { isSecure, parseUrl } from '../../rules/calls/allowed-urls.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import { type TokenFetch, tokenFetch } from '../calls/token-fetch.ts'

/**
 * Creates the `fetch` of the hook `onSignIn`. It sends the access token to the origin of the URL, and to no other one.
 *
 * The hook names each URL, so no list of allowed URLs is needed. A redirect to another origin is refused.
 *
 * @param insecureHosts - The hosts that can use plain http, in addition to loopback.
 */
export function createSignInFetch(
  credential: Credential | undefined,
  insecureHosts: readonly string[],
): TokenFetch {
  return async (input, init) => {
    const url = parseUrl(input instanceof Request ? input.url : input)
    if (!url || !isSecure(url, insecureHosts))
      throw new ConfigurationError(
        'origin_not_allowed',
        'Cannot call this URL with a token. Pass an absolute https URL.',
      )
    if (!credential)
      throw new ConfigurationError('invalid_option', 'The session has no access token from its sign-in.')
    const send = tokenFetch(() => credential, {
      baseUrl: undefined,
      prefixes: [{ origin: url.origin, pathname: '/' }],
      fetch: (target, options) => globalThis.fetch(target, options),
      receive: withMutableHeaders,
      throwTokenErrors: true,
    })
    return send(input, init)
  }
}
