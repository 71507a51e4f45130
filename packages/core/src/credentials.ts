/**
 * Ways in which a client authenticates at the authorization server, for the option `clientAuthentication`.
 *
 * @module
 */
export {
  clientSecretBasic,
  clientSecretJwt,
  clientSecretPost,
  none,
} from './mechanisms/protocol/client-secret.ts'
export { privateKeyJwt, type PrivateKeyJwtOptions } from './mechanisms/protocol/private-key-jwt.ts'
export { importSigningKey } from './mechanisms/protocol/signing-key.ts'
export type { ClientAuthentication, ClientSecret } from './ports/client-authentication.ts'
export type { SigningAlgorithm, SigningKey, SigningKeySource } from './ports/signing-key.ts'
export { joseSignature } from './rules/protocol/jose-signature.ts'
