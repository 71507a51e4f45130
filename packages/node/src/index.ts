/**
 * Evertoken for Node.
 *
 * @module
 */
import { type RequestListener, STATUS_CODES } from 'node:http'
import type {
  Evertoken as CoreEvertoken,
  EvertokenFor as CoreEvertokenFor,
  EvertokenOptions,
  EvertokenWithClient as CoreEvertokenWithClient,
  Handler,
  HandlerFactory,
  HandlerOptions,
  NameFor,
  RegistrationsOptions,
  TokenName,
  UserTokenName,
  WithClient,
} from '@evertoken/core'
import {
  checkHandlerOptions,
  createEvertoken,
  createFlights,
  createHandler,
  notFound,
  type Runtime,
  decodeHeadersInPlace,
} from '@evertoken/core/adapter'
import { createRequestListener } from '@remix-run/node-fetch-server'
import { processEnvironment } from './process-environment.ts'
import { createReadRequests, discardUnread, isBodyRead, withoutBody } from './read-body.ts'
import { promptHeaders } from './prompt-headers.ts'
import { refusalOf } from './refusal.ts'
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

/** Token management for the users of one application, on Node. */
export interface Evertoken extends CoreEvertoken, OnNode {}

/** `Evertoken` with the option `client`: it also has the token of the application itself. */
export interface EvertokenWithClient extends CoreEvertokenWithClient, OnNode<TokenName> {}

/** The functions that an application with this option `client` has. */
export type EvertokenFor<Client> = CoreEvertokenFor<Client> & OnNode<NameFor<Client>>

/** The functions that connect an application to Node. */
export interface OnNode<Name extends TokenName = UserTokenName> extends HandlerFactory {
  /**
   * Does the same as `handler` for `http.createServer`. Bodies stream both ways, with backpressure and aborts.
   *
   * @param application - Handles all requests that are not for a route of Evertoken. Without it, they get 404.
   * @param options - The same as for `handler`.
   * @throws {ConfigurationError} If an option is unknown or invalid.
   * @example
   *   createServer(auth.listener(application)).listen(3000)
   */
  listener(application?: Handler<Name>, options?: HandlerOptions): RequestListener
}

/**
 * Creates the token management of an application on Node.
 *
 * @param options - Most applications need `issuer`, `clientId`, `clientSecret` and `encryptionSecret`.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const auth = evertoken({
 *     issuer: 'https://login.example.com',
 *     clientId: 'web',
 *     clientSecret: process.env.CLIENT_SECRET,
 *     encryptionSecret: process.env.SESSION_SECRET,
 *   })
 *   const orders = auth.createTokenFetch({ baseUrl: 'https://api.example.com/orders/' })
 *   createServer(auth.listener(async () => relay(await orders('recent')))).listen(3000)
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
 */
export function evertoken<Client = undefined>(
  options: (EvertokenOptions | RegistrationsOptions) & WithClient<Client>,
): EvertokenFor<Client> {
  const core: CoreEvertokenFor<Client> = createEvertoken(options, createNodeRuntime())
  return {
    ...core,
    handler: createHandler(core.handle),
    listener(application = notFound, given) {
      const { keepAlive } = checkHandlerOptions(given)
      return wellFormed(
        promptHeaders((incoming, response) => {
          const isRead = isBodyRead(incoming)
          const listen = createRequestListener((request) => {
            if (!isRead) {
              discardUnread(incoming, response, request.body)
              return core.handle(request, application, keepAlive)
            }
            const { forRoutes, forApplication } = createReadRequests(incoming, request)
            return core.handle(
              forRoutes,
              (_request, session) => application(forApplication, session),
              keepAlive,
            )
          })
          listen(isRead ? withoutBody(incoming) : incoming, response)
        }),
      )
    },
  }
}

/** Refuses messages from which no `Request` can be made. */
function wellFormed(listener: RequestListener): RequestListener {
  return (request, response) => {
    const status = refusalOf(request)
    if (status === undefined) listener(request, response)
    else response.writeHead(status).end(STATUS_CODES[status])
  }
}

function createNodeRuntime(): Runtime {
  return {
    context: createRequestContext(),
    flights: createFlights(),
    // A Node process outlives its responses.
    keepAlive() {},
    fitHeaders: decodeHeadersInPlace,
    environment: processEnvironment,
  }
}
