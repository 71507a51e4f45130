import type { ClientAuthentication } from '../mechanisms/protocol/connection.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { RefreshPolicy, ReusePolicy } from '../rules/decide.ts'
import type { EventListener } from '../vocabulary/index.ts'
import {
  checkFunction,
  checkSeconds,
  checkText,
  checkUrl,
  createTaking,
  having,
  invalid,
  oneOf,
  optional,
} from './checks.ts'

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
export function checkTokenOptions(options: TokenManagementOptions): {
  readonly settings: TokenSettings
  readonly rest: object
} {
  const { take, rest } = createTaking(options)
  take('store', optional(checkStore))
  take('clock', optional(having(['now', 'elapsed', 'sleep'])))
  take('onEvent', optional(checkFunction))
  take('fetch', optional(checkFunction))
  const clientSecret = take('clientSecret', optional(checkText))
  const settings: TokenSettings = {
    insecure: checkIssuer('issuer', options.issuer).protocol === 'http:',
    issuer: take('issuer', checkText),
    clientId: take('clientId', checkText),
    secrets: take('secret', checkSecrets),
    authentication: take(
      'clientAuthentication',
      (option, method) => checkAuthentication(clientSecret, oneOf(METHODS)(option, method)),
      clientSecret === undefined ? 'none' : METHODS[0],
    ),
    metadataUrl: take('metadataUrl', optional(checkMetadataUrl)),
    origin: take('baseUrl', optional(checkOrigin)),
    kind: take('session', oneOf(['cookie', 'server']), 'cookie'),
    cookieName: take('cookieName', checkCookieName, 'evertoken'),
    sameSite: take('sameSite', oneOf(['Lax', 'Strict']), 'Lax'),
    idleSeconds: take('idleSeconds', checkSeconds, DAY_SECONDS),
    absoluteSeconds: take('absoluteSeconds', checkSeconds, 30 * DAY_SECONDS),
    policy: {
      refreshBeforeExpiry: take('refreshBeforeExpiry', checkSeconds, 60),
      reuse: take('refreshTokenReuse', checkReuse, 'strict'),
      serveDuringRefresh: take('serveDuringRefresh', oneOf([false, true]), true),
    },
    requestTimeoutMs: take('requestTimeoutSeconds', checkSeconds, 10) * 1000,
    storeTimeoutMs: take('storeTimeoutSeconds', checkSeconds, 5) * 1000,
  }
  return { settings, rest }
}

function checkSecrets(option: string, secret: unknown): readonly [string, ...string[]] {
  const secrets = [secret].flat()
  const isStrong = (each: unknown) => typeof each === 'string' && each.length >= MIN_SECRET_LENGTH
  if (secrets.length > 0 && secrets.every(isStrong)) return secrets as [string, ...string[]]
  throw invalid(option, `is missing or too short: use ${MIN_SECRET_LENGTH} random characters or more`)
}

function checkAuthentication(
  clientSecret: string | undefined,
  method: ClientAuthentication['method'],
): ClientAuthentication {
  if (method !== 'none') return { method, clientSecret: checkText('clientSecret', clientSecret) }
  if (clientSecret === undefined) return { method }
  throw invalid('clientSecret', 'must be absent with "clientAuthentication": "none"')
}

function checkIssuer(option: string, issuer: unknown): URL {
  const url = checkUrl(option, issuer)
  if (!url.pathname.includes('/.well-known/')) return url
  throw invalid(
    option,
    'must be what the metadata names as "issuer", not where the metadata is: see "metadataUrl"',
  )
}

/** Some servers tell by a query which of their policies is meant. */
function checkMetadataUrl(option: string, metadataUrl: unknown): string {
  const [base, query = ''] = checkText(option, metadataUrl).split(/\?([^#]*)$/)
  const url = checkUrl(option, base)
  url.search = query
  return url.href
}

function checkOrigin(option: string, baseUrl: unknown): string {
  const url = checkUrl(option, baseUrl)
  if (url.pathname !== '/') throw invalid(option, 'must not have a path')
  return url.origin
}

function checkCookieName(option: string, name: unknown): string {
  if (typeof name === 'string' && /^[\w-]{1,64}$/.test(name)) return name
  throw invalid(option, 'must be 1 to 64 letters, digits, "-" or "_"')
}

function checkReuse(option: string, reuse: unknown): ReusePolicy {
  const { graceSeconds } = Object(reuse) as { readonly graceSeconds?: unknown }
  if (reuse === 'strict' || reuse === 'tolerant') return reuse
  if (Number.isFinite(graceSeconds) && (graceSeconds as number) > 0) return reuse as ReusePolicy
  throw invalid(option, 'must be "strict", "tolerant" or { graceSeconds: a positive number }')
}

function checkStore(option: string, store: SessionStore): void {
  const { consistency } = having<SessionStore>(['read', 'swap', 'remove'])(option, store)
  if (consistency !== 'eventual') return
  const problem =
    'is only eventually consistent, and a refresh token that is read too late ends the grant: ' +
    'use a store that reads its own writes (on Cloudflare: the Durable Object store)'
  throw invalid(option, problem)
}
