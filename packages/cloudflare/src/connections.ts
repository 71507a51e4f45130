/**
 * The grants that owners have given for use without a session, on Workers.
 *
 * @module
 */
import {
  connectConnections,
  createConnectionApplication,
  createIsolateFlights,
} from '@evertoken/core/adapter'
import type { ConnectionProviders, Connections, ConnectionsOptions } from '@evertoken/core/connections'
import { checkNoBinding } from './bindings.ts'
import { createEngines, type FromEnv } from './engines.ts'
import { keepAliveOf, POLL_MS, type WorkerContext } from './worker.ts'

export type {
  AccessToken,
  AuthorizationDetail,
  AuthorizationHeaders,
  BrokenConnection,
  BrokenReason,
  CallOptions,
  CarryOptions,
  ChangedConnection,
  ClientAuthentication,
  ClientSecret,
  Clock,
  ConfigurationCode,
  ConnectedAccount,
  Connection,
  ConnectionContext,
  ConnectionFacts,
  ConnectionName,
  ConnectionProvider,
  ConnectionProviderResolver,
  ConnectionProviders,
  Connections,
  ConnectionsOptions,
  ConnectionState,
  ConnectOptions,
  CurrentConnection,
  DisconnectedConnection,
  Drainable,
  DrainOptions,
  EndReason,
  EndSessionProfile,
  ErrorCode,
  EventListener,
  EventListeners,
  EvertokenEvent,
  IdleGrants,
  IdleRefreshes,
  IsTokenRejected,
  KeepAlive,
  KeepAliveOptions,
  ListedConnection,
  OperatorCode,
  RecordHint,
  RedactedCause,
  RefusedCode,
  RejectionReason,
  RequestProfile,
  ReusePolicy,
  RevocationContext,
  RevocationOutcome,
  CustomRevocation,
  RevocationProfile,
  SaveOptions,
  SenderConstraint,
  ServerChoice,
  ServerDialect,
  ServerMetadata,
  ServerProfile,
  ServerVerdict,
  SessionIndex,
  SessionStore,
  SeveralProcesses,
  SignInCode,
  SignOutPart,
  TimeHeader,
  TokenFetch,
  TokenHeader,
  TokenRequest,
  CustomTokenRequest,
  TokenRequestProfile,
  TokenType,
  TryLaterCode,
  UserClaims,
  UserInfoProfile,
} from '@evertoken/core/connections'
export { createDurableObjectStore, type SessionsNamespace } from './durable-object-store.ts'
export { EvertokenSessions, type SessionsState, type SessionsStorage } from './evertoken-sessions.ts'
export type { FromEnv } from './engines.ts'
export type { WorkerContext } from './worker.ts'

/** The connections of an application on Workers, before an invocation. */
export interface ConnectionsOfWorker<Env, Provider extends string = string> {
  /**
   * Returns all functions for one invocation of the Worker.
   *
   * @param env - The bindings, as the platform passes them.
   * @param ctx - Its `waitUntil` keeps refreshes alive.
   * @throws {ConfigurationError} If `env` or `ctx` is missing, or an option is missing, unknown or invalid.
   */
  bind(env: Env, ctx: WorkerContext): Connections<Provider>
}

/**
 * Creates the connections of an application on Workers.
 *
 * @param options - Pass a function if they come from `env`. All isolates share the connections in the store.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const connections = createConnections((env: Env) => ({
 *     encryptionSecret: env.SESSION_SECRET,
 *     store: createDurableObjectStore(env.SESSIONS),
 *     providers: { google: { server: google(), clientId: 'web', clientSecret: env.CLIENT_SECRET } },
 *   }))
 *   export default {
 *     async scheduled(_controller: unknown, env: Env, ctx: ExecutionContext) {
 *       const calendar = connections.bind(env, ctx).get('user-1', 'google')
 *       const fetchEvents = calendar.createTokenFetch({ baseUrl: 'https://www.googleapis.com/calendar/v3/' })
 *       await fetchEvents('calendars/primary/events')
 *     },
 *   }
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
 */
export function createConnections<const Providers extends ConnectionProviders, Env = unknown>(
  options: FromEnv<ConnectionsOptions<Providers>, Env>,
): ConnectionsOfWorker<Env, keyof Providers & string> {
  const runtime = { flights: createIsolateFlights(), pollMs: POLL_MS, keepAlive() {} }
  const applicationOf = createEngines(options, (given) => {
    checkNoBinding(given.store)
    return createConnectionApplication(given, runtime)
  })
  return {
    bind: (env, ctx) => connectConnections(applicationOf(env), keepAliveOf(ctx)),
  }
}
