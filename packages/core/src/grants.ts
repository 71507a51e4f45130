/**
 * Ways to get an access token that is not a refresh of the user's own one, for the options `client` and `token`.
 *
 * @module
 */
export type { TokenParameters as TokenRequest } from './model/token-parameters.ts'
export type { TokenType } from './rules/protocol/grant-response.ts'
export { clientCredentials } from './surface/client-credentials.ts'
export {
  crossAppAccess,
  type CrossAppAccessOptions,
  type OtherRegistration,
} from './surface/grants/cross-app-access.ts'
export { customToken, type CustomTokenResponse } from './surface/grants/custom-token.ts'
export type { GrantContext } from './surface/grants/grant-call.ts'
export {
  jwtBearer,
  type JwtBearerOptions,
  onBehalfOf,
  type OnBehalfOfOptions,
} from './surface/grants/jwt-bearer.ts'
export {
  type SubjectSource,
  tokenExchange,
  type TokenExchangeOptions,
} from './surface/grants/token-exchange.ts'
export type { ClientCredentials, TokenSource } from './surface/token-source.ts'
