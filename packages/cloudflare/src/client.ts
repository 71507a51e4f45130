/**
 * The tokens of a service on Workers that calls APIs as itself.
 *
 * @module
 */
import { connectClientTokens, createClientApplication, createIsolateFlights } from '@evertoken/core/adapter'
import type { ClientTokens, ClientTokensOptions } from '@evertoken/core/client'
import { checkNoBinding } from './bindings.ts'
import { createEngines, type FromEnv } from './engines.ts'
import { keepAliveOf, POLL_MS, type WorkerContext } from './worker.ts'

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
export { createDurableObjectStore, type SessionsNamespace } from './durable-object-store.ts'
export { EvertokenSessions, type SessionsState, type SessionsStorage } from './evertoken-sessions.ts'
export type { FromEnv } from './engines.ts'
export type { WorkerContext } from './worker.ts'

/** The tokens of a service on Workers, before an invocation. */
export interface ClientTokensOfWorker<Env> {
  /**
   * Returns all functions for one invocation of the Worker.
   *
   * @param env - The bindings, as the platform passes them.
   * @param ctx - Its `waitUntil` keeps token requests alive.
   * @throws {ConfigurationError} If `env` or `ctx` is missing, or an option is missing, unknown or invalid.
   */
  bind(env: Env, ctx: WorkerContext): ClientTokens
}

/**
 * Creates the token management of a service without users. It needs no session, no cookie and no route.
 *
 * @param options - Pass a function if they come from `env`. By default, the tokens stay in the memory of the isolate.
 *   With `store` and `encryptionSecret`, all isolates share them.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const tokens = createClientTokens((env: Env) => ({
 *     issuer: 'https://login.example.com',
 *     clientId: 'billing-service',
 *     clientSecret: env.CLIENT_SECRET,
 *     scope: 'ledger:write',
 *   }))
 *   export default {
 *     async scheduled(_controller: unknown, env: Env, ctx: ExecutionContext) {
 *       const ledger = tokens.bind(env, ctx).createTokenFetch({ baseUrl: 'https://ledger.example.com/v1/' })
 *       await ledger('entries', { method: 'POST', body })
 *     },
 *   }
 */
export function createClientTokens<Env = unknown>(
  options: FromEnv<ClientTokensOptions, Env>,
): ClientTokensOfWorker<Env> {
  const runtime = { flights: createIsolateFlights(), pollMs: POLL_MS, keepAlive() {} }
  const applicationOf = createEngines(options, (given) => {
    checkNoBinding(given.store)
    return createClientApplication(given, runtime)
  })
  return {
    bind: (env, ctx) => connectClientTokens(applicationOf(env), keepAliveOf(ctx)),
  }
}
