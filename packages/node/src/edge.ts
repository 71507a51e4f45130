/**
 * Evertoken for edge runtimes: Vercel, Netlify, Next.js, and every other runtime with Web APIs. No module of Node is needed.
 *
 * @module
 */
import {
  type ClientTokenAccess,
  ConfigurationError,
  type ClientCredentials,
  type HandlerFactory,
  type TokenName,
  type UserSession,
  type UserTokenName,
  type WithClient,
} from '@evertoken/core'
import {
  createCurrentSession,
  createEngine,
  createHandler,
  createIsolateFlights,
  createOutside,
  type Engine,
  type EngineOptions,
  type RegistrationsEngineOptions,
  type Runtime,
  withDecodedHeaders,
} from '@evertoken/core/adapter'
import { type AsyncStorage, createEdgeContext } from './edge-context.ts'

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
  Finding,
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
export type { EngineOptions, RegistrationsEngineOptions } from '@evertoken/core/adapter'
export type { AsyncStorage } from './edge-context.ts'

/** Parts of the runtime that Evertoken cannot always find. */
export interface Platform {
  /**
   * An `AsyncLocalStorage`, from which Evertoken learns whose request is being handled.
   *
   * @default The one of the runtime, if it is a global or `process.getBuiltinModule` finds it.
   */
  readonly asyncStorage?: AsyncStorage
}

/** Token management for the users of one application, on an edge runtime. */
export interface Evertoken<Name extends TokenName = UserTokenName>
  extends Engine<Name>, UserSession<Name>, HandlerFactory {}

/** `Evertoken` with the option `client`: it also has the token of the application itself. */
export interface EvertokenWithClient extends Evertoken<TokenName>, ClientTokenAccess {}

/** The functions that an application with this option `client` has. */
export type EvertokenFor<Client> = [Client] extends [ClientCredentials] ? EvertokenWithClient : Evertoken

/**
 * A request cannot wake another one on all platforms, so requests in the line poll at this interval, in milliseconds.
 */
const POLL_MS = 25

/**
 * Creates the token management of an application for an edge runtime.
 *
 * @param options - Same as on Node. `store` is required, because isolates share no memory.
 * @param platform - Parts of the runtime that Evertoken cannot find.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const store = createUpstashStore({ client: Redis.fromEnv() })
 *   export const auth = evertoken({ issuer, clientId, clientSecret, encryptionSecret, store })
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
 */
export function evertoken<Client = undefined>(
  options: (EngineOptions | RegistrationsEngineOptions) & WithClient<Client>,
  platform: Platform = {},
): EvertokenFor<Client> {
  if (!('store' in Object(options))) throw storeMissing()
  const runtime = createEdgeRuntime(platform)
  const engine = createEngine(options, runtime)
  const outside = createOutside(engine, runtime.context)
  const edge: EvertokenWithClient = {
    ...createCurrentSession(runtime.context, options.onEvent, outside),
    ...engine,
    ...forOtherRuntimes,
    handler: createHandler(engine.handle),
  }
  return edge
}

function createEdgeRuntime({ asyncStorage }: Platform): Runtime {
  return {
    context: createEdgeContext(asyncStorage),
    // On some platforms, a promise never settles after the request that created it has ended.
    flights: createIsolateFlights(),
    pollMs: POLL_MS,
    keepAlive() {},
    fitHeaders: withDecodedHeaders,
  }
}

/** The types of `@evertoken/node` include it, and bundlers for an edge runtime use this file instead. */
const forOtherRuntimes = {
  listener(): never {
    const message = '`listener` needs `node:http`, which an edge runtime does not have. Use `handler`.'
    throw new ConfigurationError('invalid_option', message)
  },
}

function storeMissing(): ConfigurationError {
  const message =
    'Option `store` is missing. Isolates of an edge runtime share no memory. Pass a store that they share, for example ' +
    '`createUpstashStore` of `@evertoken/core/redis`. For a single isolate, pass `createMemoryStore()`.'
  return new ConfigurationError('invalid_option', message)
}
