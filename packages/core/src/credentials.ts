/**
 * Ways in which a client authenticates at the authorization server, for the option `clientAuthentication`.
 *
 * @module
 */
export { clientSecretBasic, clientSecretPost, none } from './mechanisms/protocol/client-secret.ts'
export type { ClientAuthentication, ClientSecret } from './ports/client-authentication.ts'
