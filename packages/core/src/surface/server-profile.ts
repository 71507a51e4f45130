import { TOKEN_PARAMETERS } from './token-parameter-checks.ts'
import { isAsymmetric } from '../rules/protocol/signing-keys.ts'
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
  /** The URL at which users sign in. Required for a sign-in. */
  readonly authorization_endpoint?: string
  /** The URL that returns and refreshes tokens. */
  readonly token_endpoint: string
  /** The URL that revokes tokens (RFC 7009). Without it, Evertoken revokes no token. */
  readonly revocation_endpoint?: string
  /** The URL at which users sign out. Without it, a sign-out ends only the session of Evertoken. */
  readonly end_session_endpoint?: string
  /** The URL of the keys that sign ID tokens and logout tokens. */
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
export interface ServerProfile {
  /** The issuer identifier. Its endpoints come from its metadata. */
  readonly issuer: string
  /**
   * The URL of the metadata, or the metadata itself. With the metadata itself, Evertoken sends no request for it.
   *
   * @default The well-known URL below the issuer.
   */
  readonly metadata?: string | ServerMetadata
  /**
   * What the server does if it receives a refresh token twice. `strict`: it ends the grant. `tolerant`: it accepts both
   * uses. `{ graceSeconds }`: it accepts the second use for that time.
   *
   * @default 'strict'
   */
  readonly refreshTokenReuse?: ReusePolicy
  /**
   * Whether a refresh ends the previous access token. If so, calls wait for a refresh in progress.
   *
   * @default false
   */
  readonly refreshEndsAccessToken?: boolean
  /**
   * The scope of a sign-in if the option `scope` is absent.
   *
   * @default 'openid offline_access'
   */
  readonly defaultScope?: string
  /**
   * The algorithm of ID tokens and logout tokens, such as `ES256`. Evertoken refuses all others. `HS256` uses the client
   * secret as its key.
   *
   * @default RS256 if the metadata lists it, otherwise an asymmetric algorithm that the metadata lists
   * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation OpenID Connect Core, section 3.1.3.7: ID Token Validation}
   */
  readonly idTokenSigningAlgorithm?: string
  /**
   * Whether a sign-in sends a `nonce`, which the ID token must repeat. Set it to `false` only for a server that drops it.
   *
   * @default true
   */
  readonly nonce?: boolean
  /**
   * How many seconds the clocks of the server and of the application may differ when the times of an ID token are checked,
   * from 0 to 300.
   *
   * @default 30
   */
  readonly clockToleranceSeconds?: number
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
export type ServerSettings = Checked<ServerProfile, 'metadata' | 'idTokenSigningAlgorithm'>

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
  idTokenSigningAlgorithm: [
    must(
      "be 'HS256' or an algorithm with a public key, such as 'ES256'",
      (algorithm) => typeof algorithm === 'string' && (algorithm === 'HS256' || isAsymmetric(algorithm)),
    ),
  ],
  nonce: [flag, true],
  clockToleranceSeconds: [
    must(
      'be a number of seconds from 0 to 300',
      (seconds) => seconds === 0 || (isPositive(seconds) && seconds <= 300),
    ),
    30,
  ],
  authorizationParameters: [...TOKEN_PARAMETERS.parameters, {}],
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
