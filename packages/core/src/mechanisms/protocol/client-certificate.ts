import { type AuthorizationServer, TlsClientAuth } from 'oauth4webapi'
import type { ClientAuthentication } from '../../ports/client-authentication.ts'
import type { SenderConstraint } from '../../ports/token-binding.ts'
import { readJwt } from '../../rules/protocol/jwt.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import { createClientAuthentication } from './client-authentication.ts'
import { createSenderConstraint } from './sender-constraint.ts'

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

/**
 * Binds access tokens to the TLS client certificate, so that a stolen token is useless without it.
 *
 * The option `fetch` must present the certificate, as for `tlsClientAuth`. The client can authenticate in another way, or not at
 * all. Pass the same `fetch` to `createTokenFetch` and to the routes of a proxy, because the APIs ask for the certificate too.
 *
 * A token that is a JWT without the hash of a certificate is refused, and so is a server whose metadata rules out such tokens.
 *
 * @returns A value for the option `senderConstraint`.
 * @example
 *   const auth = evertoken({ ...options, senderConstraint: certificateBound(), fetch: certificateFetch })
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705#section-3 RFC 8705, section 3: Mutual-TLS Client Certificate-Bound Access Tokens}
 */
export function certificateBound(): SenderConstraint {
  return createSenderConstraint('mtls', { adaptMetadata: requireCertificates, isUnbound })
}

/** @throws {ConfigurationError} If the metadata says that the server does not bind tokens to certificates. */
function requireCertificates(metadata: AuthorizationServer): AuthorizationServer {
  if (metadata.tls_client_certificate_bound_access_tokens !== false) return withAliases(metadata)
  const message =
    'The authorization server does not bind tokens to certificates: `tls_client_certificate_bound_access_tokens` of its ' +
    'metadata is `false`. Enable it there, or remove `senderConstraint`.'
  throw new ConfigurationError('sender_constraint_refused', message)
}

/** Whether a JWT lacks the hash of a certificate (RFC 8705 §3.1). Of any other token, only the API can know. */
function isUnbound(token: string): boolean {
  const jwt = readJwt(token)
  return jwt !== undefined && !(Object(jwt.claims['cnf']) as { readonly 'x5t#S256'?: unknown })['x5t#S256']
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
