/**
 * Token management on Cloudflare Workers, for applications that sign users in with another library.
 *
 * @module
 */
import {
  createCurrentTokens,
  createTokenEngine,
  type TokenEngineOptions,
  type TokenSession,
} from '@evertoken/core/tokens'
import type { FromEnv } from './engines.ts'
import { createWorker, type Platform, type Worker } from './worker.ts'

export {
  AccessToken,
  ConfigurationError,
  createMemoryStore,
  createSteadyClock,
  EvertokenError,
  isEvertokenError,
  OperatorError,
  relay,
  RequestRefusedError,
  SignInRequiredError,
  TryLaterError,
} from '@evertoken/core/tokens'
export type {
  AnyEvertokenError,
  AuthorizationDetail,
  AuthorizationHeaders,
  BrokenReason,
  CallOptions,
  CarryOptions,
  ClientAuthentication,
  ClientCredentials,
  ClientSecret,
  ClientTokenAccess,
  ClientTokenName,
  ClientTokenOptions,
  Clock,
  ConfigurationCode,
  Drainable,
  DrainOptions,
  EndReason,
  ErrorCode,
  EventListener,
  EventListeners,
  EvertokenErrorOptions,
  EvertokenEvent,
  HandlerFactory,
  HandlerOptions,
  KeepAlive,
  MemoryStoreOptions,
  OperatorCode,
  RecordHint,
  RedactedCause,
  RefusedCode,
  RejectionReason,
  RelayOptions,
  RequestHandler,
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
  SessionCookies,
  SessionIndex,
  SessionInfo,
  SessionStore,
  SourceTokenOptions,
  SeveralProcesses,
  SignInCode,
  SignInRequiredOptions,
  SignOutPart,
  StartOptions,
  TimeHeader,
  TokenEngineOptions,
  IsTokenRejected,
  TokenFetch,
  TokenFetchOptions,
  TokenManagementOptions,
  TokenName,
  TokenOptions,
  TokenRequest,
  TokenSession,
  TokenSource,
  TokenType,
  TryLaterCode,
  UserClaims,
  UserTokenName,
  WhoseToken,
  WrappedHandler,
} from '@evertoken/core/tokens'
export { createDurableObjectStore, type SessionsNamespace } from './durable-object-store.ts'
export { EvertokenSessions, type SessionsState, type SessionsStorage } from './evertoken-sessions.ts'
export type { AsyncStorage } from './request-context.ts'
export type { FromEnv } from './engines.ts'
export type { BoundWorker, Platform, Worker, WorkerContext, WorkerHandler } from './worker.ts'

/** Same as `Evertoken` of `@evertoken/cloudflare`, without routes and proxy. Sessions begin with `startSession`. */
export interface TokensOfWorker<Env> extends TokenSession, Worker<TokenSession, Env> {}

/**
 * Creates the token management of an application on Workers that signs users in with another library.
 *
 * @param options - The options, with a store. If they come from `env`, pass a function that returns them. Evertoken calls it
 *   at the first request.
 * @param platform - Parts of the platform that Evertoken cannot find.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const auth = evertoken((env: Env) => ({
 *     issuer: 'https://login.example.com',
 *     clientId: 'web',
 *     clientSecret: env.CLIENT_SECRET,
 *     encryptionSecret: env.SESSION_SECRET,
 *     store: createDurableObjectStore(env.SESSIONS),
 *   }))
 *   const { startSession } = auth // call it with the token response of your sign-in
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
 */
export function evertoken<Env = unknown>(
  options: FromEnv<TokenEngineOptions, Env>,
  platform?: Platform,
): TokensOfWorker<Env> {
  return createWorker({ engine: createTokenEngine, current: createCurrentTokens }, options, platform)
}
