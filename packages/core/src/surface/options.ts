import type { RefreshPolicy, ReusePolicy } from '../rules/decide.ts'
import { parsePrefix } from '../rules/allowed-urls.ts'
import { type TokenRequest, validateTokenRequest } from '../rules/token-key.ts'
import { ConfigurationError, type EventListener } from '../vocabulary/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { ClientAuthentication } from '../mechanisms/protocol.ts'
import { checkPath, invalid } from './invalid-option.ts'
import { SESSION_OPTIONS, type SessionOptions } from './session-options.ts'

export { invalid } from './invalid-option.ts'

/** The settings of `evertoken()`. Only the first four have to be thought about. */
export interface EvertokenOptions extends SessionOptions {
  /** The issuer identifier of the authorization server; its endpoints come from its metadata. */
  readonly issuer: string
  readonly clientId: string
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined
  /** Seals sessions; at least 32 characters. Of a list, the first seals and all open: put a new one in front. */
  readonly secret: string | readonly string[] | undefined
  /** How the client authenticates. Default: `client_secret_basic` with a secret, `none` without. */
  readonly clientAuthentication?: ClientAuthentication['method']
  /** Where the metadata is, when not at the well-known place below the issuer. */
  readonly metadataUrl?: string
  /** Where browsers find this application, such as `https://app.example.com`. Default: as the request says. */
  readonly baseUrl?: string
  /** Path below which the routes login, callback, logout and user are. Default `/auth`. */
  readonly routePrefix?: string
  /** What the user is asked for. Default `openid offline_access`. */
  readonly scope?: string
  /** For which resource servers (RFC 8707). */
  readonly resource?: string | readonly string[]
  /** Further parameters of the authorization request, such as `prompt`. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /** Where the session is kept: in a sealed `cookie` (default), or on the `server`, with an id in the cookie. */
  readonly session?: 'cookie' | 'server'
  /** Default: the memory of this process. Several instances need one that they share. */
  readonly store?: SessionStore
  /** Default `evertoken`; prefixed with `__Host-` on https. */
  readonly cookieName?: string
  /** Default `Lax`. */
  readonly sameSite?: 'Lax' | 'Strict'
  /** Seconds without use after which a session is over. Default one day. */
  readonly idleSeconds?: number
  /** Seconds after which a session is over, however active. Default 30 days. */
  readonly absoluteSeconds?: number
  /** Seconds before expiry from which a token is refreshed beside its use; at most about a quarter of its lifetime. Default 60. */
  readonly refreshBeforeExpiry?: number
  /** What the authorization server does with a refresh token that it has seen before. Default `strict`: ends the grant. */
  readonly refreshTokenReuse?: ReusePolicy
  /** Whether the old access token still works while a refresh is on its way. Default true. */
  readonly serveDuringRefresh?: boolean
  /** Whether signing out revokes the refresh token; `all`: the access tokens as well. Default true. */
  readonly revokeOnLogout?: boolean | 'all'
  /** Where the authorization server sends the browser after signing out; must be registered there. Default `/`. */
  readonly postLogoutPath?: string
  /** Seconds that the authorization server may take to answer. Default 10. */
  readonly requestTimeoutSeconds?: number
  /** Seconds that the session store may take over one operation. Default 5. */
  readonly storeTimeoutSeconds?: number
  readonly onEvent?: EventListener
  /** For calls to the authorization server. Default: the runtime's. */
  readonly fetch?: typeof globalThis.fetch
  /** Default: the system's. */
  readonly clock?: Clock
}

/** The options, checked and with all defaults in place. */
export interface Settings {
  readonly issuer: string
  readonly insecure: boolean
  readonly clientId: string
  readonly secrets: readonly [string, ...string[]]
  readonly authentication: ClientAuthentication
  readonly metadataUrl: string | undefined
  readonly origin: string | undefined
  readonly routePrefix: string
  readonly openid: boolean
  readonly authorizationParameters: URLSearchParams
  readonly kind: 'cookie' | 'server'
  readonly cookieName: string
  readonly sameSite: 'Lax' | 'Strict'
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly policy: RefreshPolicy
  readonly revokeOnLogout: boolean | 'all'
  readonly postLogoutPath: string
  readonly requestTimeoutMs: number
  readonly storeTimeoutMs: number
}

const KNOWN: Record<keyof EvertokenOptions, true> = {
  ...SESSION_OPTIONS,
  issuer: true,
  clientId: true,
  clientSecret: true,
  secret: true,
  clientAuthentication: true,
  metadataUrl: true,
  baseUrl: true,
  routePrefix: true,
  scope: true,
  resource: true,
  authorizationParameters: true,
  session: true,
  store: true,
  cookieName: true,
  sameSite: true,
  idleSeconds: true,
  absoluteSeconds: true,
  refreshBeforeExpiry: true,
  refreshTokenReuse: true,
  serveDuringRefresh: true,
  revokeOnLogout: true,
  postLogoutPath: true,
  requestTimeoutSeconds: true,
  storeTimeoutSeconds: true,
  onEvent: true,
  fetch: true,
  clock: true,
}

const MIN_SECRET_LENGTH = 32
const DAY_SECONDS = 86_400

/** @throws ConfigurationError that names the option and says what to do. */
export function checkOptions(options: EvertokenOptions): Settings {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(KNOWN, name))
  if (unknown !== undefined) throw invalid(unknown, 'is not an option: check its spelling')
  checkOptional(options)
  const scope = checkText('scope', options.scope ?? 'openid offline_access')
  const issuer = checkUrl('issuer', options.issuer)
  const { session = 'cookie', sameSite = 'Lax', postLogoutPath = '/' } = options
  if (session !== 'cookie' && session !== 'server') throw invalid('session', 'must be "cookie" or "server"')
  if (sameSite !== 'Lax' && sameSite !== 'Strict') throw invalid('sameSite', 'must be "Lax" or "Strict"')
  checkStore(options.store)
  return {
    issuer: options.issuer,
    insecure: issuer.protocol === 'http:',
    clientId: checkText('clientId', options.clientId),
    secrets: checkSecrets(options.secret),
    authentication: checkAuthentication(options),
    metadataUrl:
      options.metadataUrl === undefined ? undefined : checkUrl('metadataUrl', options.metadataUrl).href,
    origin: options.baseUrl === undefined ? undefined : checkOrigin(options.baseUrl),
    routePrefix: checkPath('routePrefix', options.routePrefix ?? '/auth').replace(/\/$/, ''),
    openid: scope.split(' ').includes('openid'),
    authorizationParameters: authorizationParameters(options, scope),
    kind: session,
    cookieName: checkCookieName(options.cookieName ?? 'evertoken'),
    sameSite,
    idleSeconds: checkSeconds('idleSeconds', options.idleSeconds ?? DAY_SECONDS),
    absoluteSeconds: checkSeconds('absoluteSeconds', options.absoluteSeconds ?? 30 * DAY_SECONDS),
    policy: {
      refreshBeforeExpiry: checkSeconds('refreshBeforeExpiry', options.refreshBeforeExpiry ?? 60),
      reuse: checkReuse(options.refreshTokenReuse ?? 'strict'),
      serveDuringRefresh: options.serveDuringRefresh ?? true,
    },
    revokeOnLogout: options.revokeOnLogout ?? true,
    postLogoutPath: checkPath('postLogoutPath', postLogoutPath),
    requestTimeoutMs: checkSeconds('requestTimeoutSeconds', options.requestTimeoutSeconds ?? 10) * 1000,
    storeTimeoutMs: checkSeconds('storeTimeoutSeconds', options.storeTimeoutSeconds ?? 5) * 1000,
  }
}

/** @throws ConfigurationError when the request names what no token can be asked for with. */
export function checkTokenRequest(request: TokenRequest): void {
  const wrong = validateTokenRequest(request)
  if (wrong !== undefined) throw new ConfigurationError('invalid_option', wrong)
}

/** @throws ConfigurationError unless it is an https URL, or http on loopback, without credentials. */
export function checkUrl(option: string, url: string): URL {
  const prefix = parsePrefix(checkText(option, url))
  if (prefix === 'not_absolute') throw invalid(option, 'must be an absolute URL')
  if (prefix === 'credentials') throw invalid(option, 'must not hold a user name or password: remove them')
  if (prefix === 'insecure') throw invalid(option, 'must use https (http is allowed on loopback only)')
  if (prefix === 'query') throw invalid(option, 'must not have a query or fragment')
  return new URL(url)
}

function checkText(option: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw invalid(option, 'is missing: set it to a string')
  return value
}

function checkSecrets(secret: EvertokenOptions['secret']): readonly [string, ...string[]] {
  const [newest, ...older] = [secret ?? []].flat()
  if (newest === undefined)
    throw invalid('secret', `is missing: set it to ${MIN_SECRET_LENGTH} random characters or more`)
  const weak = [newest, ...older].some((text) => typeof text !== 'string' || text.length < MIN_SECRET_LENGTH)
  if (weak) throw invalid('secret', `is too short: use ${MIN_SECRET_LENGTH} random characters or more`)
  return [newest, ...older]
}

function checkAuthentication({ clientSecret, clientAuthentication }: EvertokenOptions): ClientAuthentication {
  const method = clientAuthentication ?? (clientSecret === undefined ? 'none' : 'client_secret_basic')
  switch (method) {
    case 'none':
      if (clientSecret !== undefined)
        throw invalid('clientSecret', 'must be absent with "clientAuthentication": "none"')
      return { method }
    case 'client_secret_basic':
    case 'client_secret_post':
      return { method, clientSecret: checkText('clientSecret', clientSecret) }
    default:
      throw invalid('clientAuthentication', 'must be "client_secret_basic", "client_secret_post" or "none"')
  }
}

function checkOrigin(baseUrl: string): string {
  const url = checkUrl('baseUrl', baseUrl)
  if (url.pathname !== '/') throw invalid('baseUrl', 'must not have a path: use "routePrefix" for the routes')
  return url.origin
}

function checkCookieName(name: string): string {
  if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name))
    throw invalid('cookieName', 'must be 1 to 64 letters, digits, "-" or "_"')
  return name
}

function checkSeconds(option: string, seconds: number): number {
  if (!Number.isFinite(seconds) || seconds <= 0) throw invalid(option, 'must be a positive number of seconds')
  return seconds
}

function checkReuse(reuse: ReusePolicy): ReusePolicy {
  if (reuse === 'strict' || reuse === 'tolerant') return reuse
  if (typeof reuse === 'object' && Number.isFinite(reuse.graceSeconds) && reuse.graceSeconds > 0) return reuse
  throw invalid('refreshTokenReuse', 'must be "strict", "tolerant" or { graceSeconds: a positive number }')
}

function checkStore(store: SessionStore | undefined): void {
  if (store === undefined) return
  const methods = [store?.read, store?.swap, store?.remove]
  if (methods.some((method) => typeof method !== 'function'))
    throw invalid('store', 'must be a session store: it lacks "read", "swap" or "remove"')
  if (store.consistency !== 'eventual') return
  const problem =
    'is only eventually consistent: a refresh token read too late is a spent one, and using it ends the grant; ' +
    'use a store that reads its own writes (on Cloudflare: the Durable Object store)'
  throw invalid('store', problem)
}

function authorizationParameters(options: EvertokenOptions, scope: string): URLSearchParams {
  const { resource = [], authorizationParameters: extra = {} } = options
  const resources = [resource].flat()
  if (!resources.every(isText)) throw invalid('resource', 'must be a URI, or a list of them')
  const isRecord = typeof extra === 'object' && extra !== null && Object.values(extra).every(isText)
  if (!isRecord) throw invalid('authorizationParameters', 'must be an object of strings')
  for (const [option, request] of Object.entries({
    scope: { scope },
    resource: { resource: resources },
    authorizationParameters: { parameters: extra },
  })) {
    const wrong = validateTokenRequest(request)
    if (wrong !== undefined) throw invalid(option, `cannot be used. ${wrong}`)
  }
  const parameters = new URLSearchParams({ ...extra, scope })
  for (const uri of resources) parameters.append('resource', uri)
  return parameters
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function checkOptional(options: EvertokenOptions): void {
  for (const option of ['serveDuringRefresh', 'revokeOnLogout'] as const) {
    const value = options[option]
    if (!['undefined', 'boolean'].includes(typeof value) && !(option === 'revokeOnLogout' && value === 'all'))
      throw invalid(option, 'must be true or false')
  }
  for (const option of ['onEvent', 'fetch'] as const) {
    if (!['undefined', 'function'].includes(typeof options[option]))
      throw invalid(option, 'must be a function')
  }
  const { clock } = options
  const methods = clock === undefined ? [] : [clock?.now, clock?.elapsed, clock?.sleep]
  if (methods.some((method) => typeof method !== 'function'))
    throw invalid('clock', 'must be a clock: it lacks "now", "elapsed" or "sleep"')
}
