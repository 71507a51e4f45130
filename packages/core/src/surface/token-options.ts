import type { ClientAuthentication } from '../mechanisms/protocol/connection.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { RefreshPolicy, ReusePolicy } from '../rules/decide.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { checkFunctions, checkMethods, checkSeconds, checkText, checkUrl, invalid, oneOf } from './checks.ts'

/** The part of the options that keeps tokens current. Only the first four have to be thought about. */
export interface TokenManagementOptions {
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

/** They are checked, and have all defaults in place. */
export interface TokenSettings {
  readonly issuer: string
  readonly insecure: boolean
  readonly clientId: string
  readonly secrets: readonly [string, ...string[]]
  readonly authentication: ClientAuthentication
  readonly metadataUrl: string | undefined
  readonly origin: string | undefined
  readonly kind: 'cookie' | 'server'
  readonly cookieName: string
  readonly sameSite: 'Lax' | 'Strict'
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly policy: RefreshPolicy
  readonly requestTimeoutMs: number
  readonly storeTimeoutMs: number
}

const MIN_SECRET_LENGTH = 32
const DAY_SECONDS = 86_400
const METHODS = ['client_secret_basic', 'client_secret_post', 'none'] as const

/**
 * @returns The settings, and whatever else was among the options.
 * @throws ConfigurationError that names the option and says what to do.
 */
export function checkTokenOptions({
  issuer,
  clientId,
  clientSecret,
  secret,
  clientAuthentication,
  metadataUrl,
  baseUrl,
  session = 'cookie',
  store,
  cookieName = 'evertoken',
  sameSite = 'Lax',
  idleSeconds = DAY_SECONDS,
  absoluteSeconds = 30 * DAY_SECONDS,
  refreshBeforeExpiry = 60,
  refreshTokenReuse = 'strict',
  serveDuringRefresh = true,
  requestTimeoutSeconds = 10,
  storeTimeoutSeconds = 5,
  onEvent,
  fetch,
  clock,
  ...rest
}: TokenManagementOptions): { readonly settings: TokenSettings; readonly rest: object } {
  checkStore(store)
  checkFunctions({ onEvent, fetch })
  checkMethods('clock', clock, ['now', 'elapsed', 'sleep'])
  const settings: TokenSettings = {
    insecure: checkUrl('issuer', issuer).protocol === 'http:',
    issuer,
    clientId: checkText('clientId', clientId),
    secrets: checkSecrets(secret),
    authentication: checkAuthentication(clientSecret, clientAuthentication),
    metadataUrl: metadataUrl === undefined ? undefined : checkMetadataUrl(metadataUrl),
    origin: baseUrl === undefined ? undefined : checkOrigin(baseUrl),
    kind: oneOf('session', session, ['cookie', 'server']),
    cookieName: checkCookieName(cookieName),
    sameSite: oneOf('sameSite', sameSite, ['Lax', 'Strict']),
    idleSeconds: checkSeconds('idleSeconds', idleSeconds),
    absoluteSeconds: checkSeconds('absoluteSeconds', absoluteSeconds),
    policy: {
      refreshBeforeExpiry: checkSeconds('refreshBeforeExpiry', refreshBeforeExpiry),
      reuse: checkReuse(refreshTokenReuse),
      serveDuringRefresh: oneOf('serveDuringRefresh', serveDuringRefresh, [false, true]),
    },
    requestTimeoutMs: checkSeconds('requestTimeoutSeconds', requestTimeoutSeconds) * 1000,
    storeTimeoutMs: checkSeconds('storeTimeoutSeconds', storeTimeoutSeconds) * 1000,
  }
  return { settings, rest }
}

function checkSecrets(secret: TokenManagementOptions['secret']): readonly [string, ...string[]] {
  const [newest, ...older] = [secret ?? []].flat()
  const weak = [newest, ...older].some((text) => typeof text !== 'string' || text.length < MIN_SECRET_LENGTH)
  if (newest === undefined || weak)
    throw invalid('secret', `is missing or too short: use ${MIN_SECRET_LENGTH} random characters or more`)
  return [newest, ...older]
}

function checkAuthentication(
  clientSecret: unknown,
  given: ClientAuthentication['method'] | undefined,
): ClientAuthentication {
  const method = oneOf(
    'clientAuthentication',
    given ?? (clientSecret === undefined ? 'none' : METHODS[0]),
    METHODS,
  )
  if (method !== 'none') return { method, clientSecret: checkText('clientSecret', clientSecret) }
  if (clientSecret === undefined) return { method }
  throw invalid('clientSecret', 'must be absent with "clientAuthentication": "none"')
}

/** Some servers tell by a query which of their policies is meant. */
function checkMetadataUrl(metadataUrl: string): string {
  const [base, query] = checkText('metadataUrl', metadataUrl).split(/\?([^#]*)$/)
  const url = checkUrl('metadataUrl', base)
  url.search = query ?? ''
  return url.href
}

function checkOrigin(baseUrl: string): string {
  const url = checkUrl('baseUrl', baseUrl)
  if (url.pathname !== '/') throw invalid('baseUrl', 'must not have a path')
  return url.origin
}

function checkCookieName(name: string): string {
  if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name))
    throw invalid('cookieName', 'must be 1 to 64 letters, digits, "-" or "_"')
  return name
}

function checkReuse(reuse: ReusePolicy): ReusePolicy {
  if (reuse === 'strict' || reuse === 'tolerant') return reuse
  if (typeof reuse === 'object' && Number.isFinite(reuse.graceSeconds) && reuse.graceSeconds > 0) return reuse
  throw invalid('refreshTokenReuse', 'must be "strict", "tolerant" or { graceSeconds: a positive number }')
}

function checkStore(store: SessionStore | undefined): void {
  checkMethods('store', store, ['read', 'swap', 'remove'])
  if (store?.consistency !== 'eventual') return
  const problem =
    'is only eventually consistent, and a refresh token that is read too late ends the grant: ' +
    'use a store that reads its own writes (on Cloudflare: the Durable Object store)'
  throw invalid('store', problem)
}
