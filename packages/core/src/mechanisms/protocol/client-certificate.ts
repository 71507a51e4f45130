import { type AuthorizationServer, TlsClientAuth } from 'oauth4webapi'
import type { ClientAuthentication } from '../../ports/client-authentication.ts'
import { createClientAuthentication } from './client-authentication.ts'

/**
 * Authenticates the client with a TLS client certificate of a certificate authority that the authorization server trusts.
 *
 * The option `fetch` must present the certificate: `createMtlsFetch` of `@evertoken/node/mtls` or `@evertoken/deno/mtls`,
 * or the `fetch` of an mTLS binding on Workers. Evertoken sends the requests to the `mtls_endpoint_aliases` of the
 * metadata, if there are any.
 *
 * @returns A value for the option `clientAuthentication`. Omit the option `clientSecret` then.
 * @example
 *   const auth = evertoken({ ...options, clientAuthentication: tlsClientAuth(), fetch: certificateFetch })
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705#section-2.1 RFC 8705, section 2.1: PKI Mutual-TLS Method}
 */
export function tlsClientAuth(): ClientAuthentication {
  return createClientAuthentication('tls_client_auth', {
    authenticate: TlsClientAuth,
    adaptMetadata: withAliases,
  })
}

/**
 * Authenticates the client with a self-signed TLS client certificate that is registered at the authorization server.
 *
 * The option `fetch` must present the certificate, as for `tlsClientAuth`.
 *
 * @returns A value for the option `clientAuthentication`. Omit the option `clientSecret` then.
 * @example
 *   const auth = evertoken({ ...options, clientAuthentication: selfSignedTlsClientAuth(), fetch: certificateFetch })
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705#section-2.2 RFC 8705, section 2.2: Self-Signed Certificate Method}
 */
export function selfSignedTlsClientAuth(): ClientAuthentication {
  return createClientAuthentication('self_signed_tls_client_auth', {
    authenticate: TlsClientAuth,
    adaptMetadata: withAliases,
  })
}

/** The endpoints to which Evertoken sends requests. Browsers, which have another certificate, open the others. */
const DIRECT_ENDPOINTS: ReadonlySet<string> = new Set([
  'token_endpoint',
  'revocation_endpoint',
  'userinfo_endpoint',
  'pushed_authorization_request_endpoint',
])

/** Returns the metadata with the endpoints for clients that present a certificate (RFC 8705 §5). */
function withAliases(metadata: AuthorizationServer): AuthorizationServer {
  const aliases = Object.entries(Object(metadata.mtls_endpoint_aliases) as object).filter(
    ([name, url]) => DIRECT_ENDPOINTS.has(name) && typeof url === 'string',
  )
  return { ...metadata, ...Object.fromEntries(aliases) }
}
