/**
 * Evertoken for Deno.
 *
 * @module
 */
import type {
  Evertoken as CoreEvertoken,
  EvertokenFor as CoreEvertokenFor,
  EvertokenOptions,
  EvertokenWithClient as CoreEvertokenWithClient,
  HandlerFactory,
  RegistrationsOptions,
  WithClient,
} from '@evertoken/core'
import {
  createEvertoken,
  createFlights,
  createHandler,
  type Runtime,
  withDecodedHeaders,
} from '@evertoken/core/adapter'
import { denoEnvironment } from './deno-environment.ts'
import { createRequestContext } from './request-context.ts'

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
export type { DenoKv, DenoKvAtomic, DenoKvEntry, DenoKvKey } from './deno-kv.ts'
export { createDenoKvStore, type DenoKvStoreOptions } from './kv-store.ts'

/** Token management for the users of one application, on Deno. */
export interface Evertoken extends CoreEvertoken, HandlerFactory {}

/** `Evertoken` with the option `client`: it also has the token of the application itself. */
export interface EvertokenWithClient extends CoreEvertokenWithClient, HandlerFactory {}

/** The functions that an application with this option `client` has. */
export type EvertokenFor<Client> = CoreEvertokenFor<Client> & HandlerFactory

/**
 * Creates the token management of an application on Deno.
 *
 * @param options - Most applications need `issuer`, `clientId`, `clientSecret` and `encryptionSecret`.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid, or Deno is older than 2.1.
 * @example
 *   const auth = evertoken({
 *     issuer: 'https://login.example.com',
 *     clientId: 'web',
 *     clientSecret: Deno.env.get('CLIENT_SECRET'),
 *     encryptionSecret: Deno.env.get('SESSION_SECRET'),
 *   })
 *   const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/orders/' })
 *   Deno.serve(auth.handler(async () => relay(await orders('recent'))))
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
 */
export function evertoken<Client = undefined>(
  options: (EvertokenOptions | RegistrationsOptions) & WithClient<Client>,
): EvertokenFor<Client> {
  const core: CoreEvertokenFor<Client> = createEvertoken(options, createDenoRuntime())
  return {
    ...core,
    handler: createHandler(core.handle),
  }
}

function createDenoRuntime(): Runtime {
  return {
    context: createRequestContext(),
    flights: createFlights(),
    // A Deno process outlives its responses.
    keepAlive() {},
    fitHeaders: withDecodedHeaders,
    environment: denoEnvironment,
  }
}
