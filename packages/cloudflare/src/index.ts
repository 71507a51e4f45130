/**
 * Evertoken for Cloudflare Workers.
 *
 * @module
 */
import type {
  ClientCredentials,
  ClientTokenAccess,
  TokenName,
  UserSession,
  WithClient,
} from '@evertoken/core'
import { createCurrentSession, createEngine } from '@evertoken/core/adapter'
import type { FromEnv } from './engines.ts'
import { type BoundWorker, createWorker, type Platform, type Worker } from './worker.ts'
import type { WorkerOptions } from './worker-options.ts'

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
  stepUpChallenge,
  TryLaterError,
} from '@evertoken/core'
export type {
  AnyEvertokenError,
  AuthorizationDetail,
  AuthorizationHeaders,
  BrokenReason,
  AuthorizationModeOptions,
  AuthorizationRequestMode,
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
  EvertokenOptions,
  ExplicitSession,
  ForwardedStyle,
  Handler,
  HandlerFactory,
  HandlerOptions,
  KeepAlive,
  LoginOptions,
  MemoryStoreOptions,
  NameFor,
  OnSignIn,
  OperatorCode,
  ProfileOption,
  ProxyOptions,
  RecordHint,
  RedactedCause,
  RefusedCode,
  Registrations,
  RegistrationsOptions,
  RejectionReason,
  RelayOptions,
  RequestHandler,
  ReusePolicy,
  ResponseMode,
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
  SecurityProfile,
  SessionCookies,
  SessionIndex,
  SessionInfo,
  SessionKind,
  SessionStore,
  SourceTokenOptions,
  SeveralProcesses,
  SignIn,
  SignInCode,
  SignInRequiredOptions,
  SignInOptions,
  SignOutPart,
  StartOptions,
  StepUpChallenge,
  TimeHeader,
  IsTokenRejected,
  TokenFetch,
  TokenFetchOptions,
  TokenManagementOptions,
  TokenName,
  TokenOptions,
  TokenProxy,
  TokenProxyRoute,
  TokenProxyRoutes,
  TokenRequest,
  TokenSession,
  TokenSource,
  TokenType,
  TryLaterCode,
  UserClaims,
  UserSession,
  UserTokenName,
  WhoseToken,
  WithClient,
  WrappedHandler,
} from '@evertoken/core'
export { createDurableObjectStore, type SessionsNamespace } from './durable-object-store.ts'
export { EvertokenSessions, type SessionsState, type SessionsStorage } from './evertoken-sessions.ts'
export type { AsyncStorage } from './request-context.ts'
export type { FromEnv } from './engines.ts'
export type { EngineOptions } from '@evertoken/core/adapter'
export type { BoundWorker, Platform, Worker, WorkerContext, WorkerHandler } from './worker.ts'
export type { WorkerOptions } from './worker-options.ts'

/**
 * Token management for the users of one application, on Workers. It also has the functions of the session interface,
 * for the user of the request being handled. These functions need the compatibility flag `nodejs_compat`.
 */
export interface Evertoken<Env> extends UserSession, Worker<UserSession, Env> {}

/** `Evertoken` with the option `client`: it also has the token of the application itself. */
export interface EvertokenWithClient<Env>
  extends UserSession<TokenName>, ClientTokenAccess, Worker<UserSession<TokenName>, Env, BoundWithClient> {}

/** The functions of one invocation, with the token of the application itself. */
export interface BoundWithClient
  extends UserSession<TokenName>, ClientTokenAccess, BoundWorker<UserSession<TokenName>> {}

/** The functions that an application with this option `client` has. */
export type EvertokenFor<Env, Client> = [Client] extends [ClientCredentials]
  ? EvertokenWithClient<Env>
  : Evertoken<Env>

/**
 * Creates the token management of an application on Workers.
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
 *   const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/orders/' })
 *   export default { fetch: auth.handler(async () => relay(await orders('recent'))) }
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
 */
export function evertoken<Env = unknown, Client = undefined>(
  options: FromEnv<WorkerOptions & WithClient<Client>, Env>,
  platform?: Platform,
): EvertokenFor<Env, Client> {
  const entry = { engine: createEngine, current: createCurrentSession }
  const worker: EvertokenWithClient<Env> = createWorker(entry, options, platform)
  return worker
}
