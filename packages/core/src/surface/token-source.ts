import type { ClientTokens, ClientTokensOptions } from '../mechanisms/client-tokens/client-tokens.ts'
import type { TokenCall, TokenResult } from '../mechanisms/refresh/attempt.ts'
import type { Line } from '../mechanisms/refresh/line.ts'
import type { RequestSession } from '../mechanisms/sessions/request-session.ts'
import type { UserSessionsContext } from '../mechanisms/sessions/user-sessions.ts'
import type { Snapshot } from '../ports/session-handle.ts'
import type { Connection } from '../mechanisms/protocol/connection.ts'
import type { Acquisition } from '../ports/acquisition.ts'
import type { TokenServer } from '../ports/authorization-server.ts'
import type { Seal } from '../mechanisms/sessions/seal.ts'
import type { SignInScope } from '../rules/sign-in/login-request.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import type { KeepAlive, RequestContext } from '../ports/runtime.ts'
import type { AccessToken } from '../vocabulary/index.ts'
import type { SessionInfoContext } from './session-info.ts'
import type { CallDemand } from './call-options.ts'
import { invalid } from './checks.ts'

declare const outcome: unique symbol

/**
 * A way to get an access token that is not a refresh of the user's own one. It is a plain frozen value, bound to nothing.
 *
 * The functions of `@evertoken/core/grants` create it. An application that imports none of them does not contain their
 * code.
 */
export interface TokenSource<Outcome extends AccessToken | undefined = AccessToken | undefined> {
  readonly [outcome]: Outcome
  /** The grant type, such as `client_credentials`. */
  readonly grant: string
}

/** The token of the application itself. No user must sign in for it, so it is never `undefined`. */
export interface ClientCredentials extends TokenSource<AccessToken> {
  /** The grant type (RFC 6749 §4.4). */
  readonly grant: 'client_credentials'
}

/** The parts of an application that a token source uses. */
export interface SourceContext extends Omit<
  ClientTokensOptions,
  'seal' | 'grant' | 'constraint' | 'acquisition'
> {
  readonly connection: Connection
  readonly server: Pick<TokenServer, 'ready' | 'isResponding' | 'revoke'>
  readonly refreshBeforeExpirySeconds: number
  /** The hosts that can use plain http. */
  readonly insecureHosts: readonly string[]
  /** The `fetch` for calls to authorization servers. Default: the one of the runtime. */
  readonly fetch: typeof globalThis.fetch | undefined
  /** The origin of the application in browsers. Absent if each request shows it, or there are no browsers. */
  readonly origin?: string | undefined
  /** The prefix that browsers use for all paths of the application. Empty if it is at the root. */
  readonly basePath: string
  /** Encrypts one kind of value. Only applications with the same secret and owner can decrypt it. */
  sealFor(purpose: string, owner: string): Seal
  /** Keeps work alive that belongs to no request. */
  readonly keepAlive: KeepAlive
  /** The source of the token of the application itself, if it has one. */
  readonly client: TokenSource | undefined
  /** The scope of sign-ins. Absent if another library signs users in, or there are no users. */
  readonly signInScope?: SignInScope | undefined
  /** The parts that find the sessions of a user. Absent if the store does not index sessions. */
  readonly userSessions?: (UserSessionsContext & SessionInfoContext) | undefined
  /** Finds the session of the request that is handled. Absent in a service without users. */
  readonly requestContext?: RequestContext
  /** Creates the tokens that a grant gets without a session. Only a service without users has this function. */
  readonly createTokens?: (grant: string, acquisition: Acquisition, line: Line) => ClientTokens
}

/** By whose token a call is made, if it is the user's. */
export type UserTokenName = 'user'
/** `user-or-client`: the token of the application, if the request has no session. Use `client` outside of requests. */
export type ClientTokenName = 'client' | 'user-or-client'
/** The names of tokens that a call can send. */
export type TokenName = UserTokenName | ClientTokenName

/** Whose token a call sends: a name with a request, or a source, which contains its request. */
export type WhoseToken<Name extends string> =
  | (TokenParameters & { readonly token: Name })
  | ({ readonly [Part in keyof TokenParameters]?: never } & { readonly token: TokenSource })

/** The session of the user that a source gets tokens for. */
export interface SourceUser {
  readonly session: Pick<
    RequestSession,
    'find' | 'hadSession' | 'observe' | 'startedInBackground' | 'keepAlive'
  >
  /** Gets a token of the user's own. */
  getToken(
    demand: Pick<TokenCall, 'key' | 'request' | 'forceRefresh'> & Pick<CallDemand, 'signal'>,
  ): TokenResult<Snapshot> | Promise<TokenResult<Snapshot>>
}

/** The request of one caller for a token of a source. */
export interface SourceCall extends CallDemand {
  /** Replaces members of the request in the source. */
  readonly parameters?: TokenParameters
  readonly keepAlive?: KeepAlive | undefined
  /** Finds the session of the user, and throws if there is none. Absent if the token is not for a user. */
  readonly find?: () => SourceUser
}

/** Gets tokens of a source for one application. */
export type ConnectedSource = (call: SourceCall) => Promise<AccessToken>

/** It is a global symbol, because a bundler can load this module twice. */
const CONNECT: unique symbol = Symbol.for('evertoken.tokenSource.1') as never

type Connect = ((application: SourceContext) => ConnectedSource) & { readonly key?: string }

/**
 * @param connect - Called for each application that uses the value.
 * @param key - Distinguishes the tokens of the value from those of others with the same grant.
 */
export function createTokenSource<Source extends TokenSource>(
  grant: Source['grant'],
  connect: (application: SourceContext) => ConnectedSource,
  key?: string,
): Source {
  const value = Object.defineProperty({ grant }, CONNECT, { value: Object.assign(connect, { key }) })
  return Object.freeze(value) as object as Source
}

export function keyOfSource(source: TokenSource): string | undefined {
  return connectOf(source).key
}

function connectOf(source: TokenSource): Connect {
  return (source as unknown as Record<typeof CONNECT, Connect>)[CONNECT]
}

export function isTokenSource(value: unknown): value is TokenSource {
  return typeof value === 'object' && value !== null && CONNECT in value
}

export function connectSource(source: TokenSource, application: SourceContext): ConnectedSource {
  return connectOf(source)(application)
}

/** @throws {ConfigurationError} If the application has no token of its own. */
export function connectClient(application: SourceContext): ConnectedSource {
  if (application.client) return connectSource(application.client, application)
  throw invalid('client', 'is missing. Set it to `clientCredentials()` of `@evertoken/core/grants`')
}
