/**
 * The tokens of a service on Node that calls APIs as itself.
 *
 * @module
 */
import {
  type ClientTokens,
  type ClientTokensOptions,
  createClientTokens as createTokens,
  createFlights,
} from '@evertoken/core/client'

export type {
  AccessToken,
  AuthorizationDetail,
  AuthorizationHeaders,
  BrokenReason,
  CallOptions,
  CarryOptions,
  ClientAuthentication,
  ClientSecret,
  ClientTokenAccess,
  ClientTokenName,
  ClientTokenOptions,
  ClientTokens,
  ClientTokensOptions,
  Clock,
  ConfigurationCode,
  Drainable,
  DrainOptions,
  EndReason,
  ErrorCode,
  EventListener,
  EvertokenEvent,
  OperatorCode,
  RecordHint,
  RedactedCause,
  RefusedCode,
  RejectionReason,
  ReusePolicy,
  RevocationContext,
  RevocationOutcome,
  ServerChoice,
  ServerDialect,
  ServerMetadata,
  EndSessionProfile,
  RequestProfile,
  CustomRevocation,
  RevocationProfile,
  TokenHeader,
  CustomTokenRequest,
  TokenRequestProfile,
  UserInfoProfile,
  ServerProfile,
  ServerVerdict,
  SessionIndex,
  SessionStore,
  SourceTokenOptions,
  SeveralProcesses,
  SignInCode,
  SignOutPart,
  TimeHeader,
  IsTokenRejected,
  TokenFetch,
  TokenFetchOptions,
  TokenName,
  TokenRequest,
  TokenSource,
  TokenType,
  TryLaterCode,
  UserTokenName,
  WhoseToken,
} from '@evertoken/core/client'

/**
 * Creates the token management of a service without users. It needs no session, no cookie and no route.
 *
 * @param options - By default, the tokens stay in the memory of the process. With `store` and `encryptionSecret`, all
 *   processes that share the store share them, and request each token once.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   export const { getClientAccessToken, createTokenFetch } = createClientTokens({
 *     issuer: 'https://login.example.com',
 *     clientId: 'billing-service',
 *     clientSecret: process.env.CLIENT_SECRET,
 *     scope: 'ledger:write',
 *   })
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 RFC 6749, section 4.4: Client Credentials Grant}
 */
export function createClientTokens(options: ClientTokensOptions): ClientTokens {
  // A Node process outlives its calls.
  return createTokens(options, { flights: createFlights(), keepAlive() {} })
}
