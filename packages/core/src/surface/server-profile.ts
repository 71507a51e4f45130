import { TOKEN_PARAMETERS } from './token-parameter-checks.ts'
import { type CheckedDifferences, SERVER_DIFFERENCES, type ServerDifferences } from './server-differences.ts'
import type { ReusePolicy } from '../rules/refresh/decide.ts'
import {
  text,
  checkAll,
  type Check,
  type Checked,
  flag,
  invalid,
  isPositive,
  must,
  type OptionTable,
  REQUIRED,
  url,
} from './checks.ts'

/** The endpoints of an authorization server (RFC 8414). Further members of its metadata are used too. */
export interface ServerMetadata {
  /** The URL at which users sign in. Required for a sign-in (RFC 6749 §3.1). */
  readonly authorization_endpoint?: string
  /** The URL that returns and refreshes tokens (RFC 6749 §3.2). Its origin gets the client secret and refresh tokens. */
  readonly token_endpoint: string
  /** The URL that revokes tokens (RFC 7009). Without it, Evertoken revokes no token. */
  readonly revocation_endpoint?: string
  /** The URL at which users sign out. Without it, a sign-out ends only the session of Evertoken. */
  readonly end_session_endpoint?: string
  /** The URL of the keys that sign ID tokens and logout tokens. Needed for back-channel logout (RFC 7517 §5). */
  readonly jwks_uri?: string
  readonly [member: string]: unknown
}

/**
 * An authorization server, and how it differs from the standards. It is plain data, so you can print it and spread it.
 *
 * @example
 *   const server = { issuer: 'https://login.example.com', refreshTokenReuse: { graceSeconds: 10 } }
 *   export const auth = evertoken({ server, clientId, clientSecret, encryptionSecret })
 */
export interface ServerProfile extends ServerDifferences {
  /**
   * The issuer identifier. Its endpoints come from its metadata.
   *
   * Copy it from the member `issuer` of the metadata. Each character counts, also a slash at the end.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-2 RFC 8414, section 2: Authorization Server Metadata}
   */
  readonly issuer: string
  /**
   * The URL of the metadata, or the metadata itself. With the metadata itself, Evertoken sends no request for it.
   *
   * Use it if the server has no discovery, or publishes the metadata elsewhere. Metadata from a URL is read again after 1
   * hour, in the background.
   *
   * @default The well-known URL below the issuer.
   * @example
   *   const server = { issuer, metadata: { token_endpoint: `${issuer}/token`, authorization_endpoint: `${issuer}/authorize` } }
   * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-3 RFC 8414, section 3: Obtaining Metadata}
   */
  readonly metadata?: string | ServerMetadata
  /**
   * What the server does if it receives a refresh token twice. `strict`: it ends the grant. `tolerant`: it accepts both
   * uses. `{ graceSeconds }`: it accepts the second use for that time.
   *
   * It decides what happens after a lost response. With `strict`, Evertoken does not send the token again while the access
   * token still works. With a grace period, it sends the token again immediately, so that no session is lost. Use only a value that
   * the documentation of the server states: a value that is too large ends grants.
   *
   * @default 'strict'
   * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 RFC 9700, section 4.14.2: Refresh Token Protection}
   */
  readonly refreshTokenReuse?: ReusePolicy
  /**
   * Whether a refresh ends the previous access token. If so, calls wait for a refresh in progress.
   *
   * GitHub and Ory Hydra do so. If the value is wrong, APIs reject calls that began during a refresh.
   *
   * @default false
   */
  readonly refreshEndsAccessToken?: boolean
  /**
   * The scope of a sign-in if the option `scope` is absent. Google refuses `offline_access`.
   *
   * @default 'openid offline_access'
   */
  readonly defaultScope?: string
  /** Further parameters of the authorization request. The option `authorizationParameters` has precedence. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
}

/** The authorization server. `issuer` is short for `server: { issuer }`. Set one of them. */
export type ServerChoice =
  | {
      /** The issuer identifier of the authorization server. Its endpoints come from its metadata. */
      readonly issuer: string
      readonly server?: never
    }
  | {
      /** The authorization server, with its differences from the standards. */
      readonly server: ServerProfile
      readonly issuer?: never
    }

/** A checked profile, with all defaults. */
export type ServerSettings = Checked<Omit<ServerProfile, keyof ServerDifferences>, 'metadata'> &
  CheckedDifferences

const notMetadata = must(
  'be the issuer identifier that the metadata contains, and not the URL of the metadata. For that, use `server: { metadata }`',
  (issuer: string) => !issuer.includes('/.well-known/'),
)
/** Some servers select one of their policies by a query. */
const urlWithQuery: Check = (value) => text(value) ?? url((value as string).replace(/\?[^#]*$/, ''))

const metadata: Check = (value) => {
  if (typeof value === 'string') return urlWithQuery(value)
  if (typeof value !== 'object' || value === null)
    return 'must be the URL of the metadata, or the metadata itself'
  const { token_endpoint: tokenEndpoint, authorization_endpoint: ofSignIn } = value as Partial<ServerMetadata>
  if (urlWithQuery(tokenEndpoint)) return mustHave('a `token_endpoint`')
  return ofSignIn !== undefined && urlWithQuery(ofSignIn) ? mustHave(AUTHORIZATION_ENDPOINT) : undefined
}

const AUTHORIZATION_ENDPOINT = 'an `authorization_endpoint`'
const mustHave = (what: string) => `must have ${what} on https (http on loopback only)`

/**
 * Checks that the server is complete enough for a sign-in.
 *
 * @throws {ConfigurationError} If `metadata` is an object without `authorization_endpoint`.
 */
export function checkSignInServer({ metadata: given }: ServerSettings): void {
  if (typeof given !== 'object' || given.authorization_endpoint !== undefined) return
  throw invalid('server.metadata', `must have ${AUTHORIZATION_ENDPOINT}, because users sign in there`)
}

const SERVER_PROFILE: OptionTable<ServerSettings> = {
  issuer: [(value) => url(value) ?? notMetadata(value), REQUIRED],
  metadata: [metadata],
  refreshTokenReuse: [
    must(
      "be 'strict', 'tolerant' or { graceSeconds: a positive number }",
      (reuse: ReusePolicy | null) =>
        reuse === 'strict' || reuse === 'tolerant' || isPositive(reuse?.graceSeconds),
    ),
    'strict',
  ],
  refreshEndsAccessToken: [flag, false],
  defaultScope: [...TOKEN_PARAMETERS.scope, 'openid offline_access'],
  authorizationParameters: [...TOKEN_PARAMETERS.parameters, {}],
  ...SERVER_DIFFERENCES,
}

/** The names of the members of a profile, for the message about an unknown option. */
export const PROFILE_NAMES: readonly string[] = Object.keys(SERVER_PROFILE)
  .filter((name) => name !== 'issuer')
  .map((name) => `server.${name}`)

/**
 * Checks the choice of the authorization server.
 *
 * @throws {ConfigurationError} If there is no server, or two, or a member of its profile is invalid.
 */
export function checkServer(issuer: string | undefined, server: ServerProfile | undefined): ServerSettings {
  if (server === undefined)
    return checkAll<ServerSettings>(SERVER_PROFILE, issuer === undefined ? {} : { issuer })
  if (issuer !== undefined) throw invalid('issuer', 'is in `server` already. Remove one of them')
  return checkAll<ServerSettings>(SERVER_PROFILE, server, 'server.')
}
