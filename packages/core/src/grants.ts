/**
 * Ways to get an access token that is not a refresh of the user's own one, for the options `client` and `token`.
 *
 * @module
 */
export { clientCredentials } from './surface/client-credentials.ts'
export type { ClientCredentials, TokenSource } from './surface/token-source.ts'
