/**
 * Client authentication with a TLS client certificate, for the option `clientAuthentication`, and access tokens that are bound to
 * it, for the option `senderConstraint`.
 *
 * @module
 */
export {
  certificateBound,
  selfSignedTlsClientAuth,
  tlsClientAuth,
} from './mechanisms/protocol/client-certificate.ts'
export type { ClientAuthentication } from './ports/client-authentication.ts'
export type { SenderConstraint } from './ports/token-binding.ts'
