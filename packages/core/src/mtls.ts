/**
 * Client authentication with a TLS client certificate, for the option `clientAuthentication`.
 *
 * @module
 */
export { selfSignedTlsClientAuth, tlsClientAuth } from './mechanisms/protocol/client-certificate.ts'
export type { ClientAuthentication } from './ports/client-authentication.ts'
