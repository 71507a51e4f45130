import type { ServerDialect } from '../ports/dialect.ts'
import type { UserClaims } from '../model/token-grant.ts'
import { type Check, type Checked, listOf, oneOf, type OptionTable, text } from './checks.ts'

/** What an error response means for the user and for the refresh token. */
export interface ServerVerdict {
  /** The status of the response. By default, any status. */
  readonly status?: number
  /**
   * The member of the JSON body that is compared, or a path such as `errors.0.code`.
   *
   * @default 'error'
   */
  readonly member?: string
  /** The values of the member. By default, the status alone decides. */
  readonly is?: readonly string[]
  /** What Evertoken does: end the session, ask for a sign-in, report an error in the configuration, or try again later. */
  readonly means: 'refresh_token_dead' | 'sign_in_required' | 'misconfigured' | 'try_later'
}

/** How users sign out at the authorization server. */
export interface EndSessionProfile {
  /**
   * The URL at which users sign out.
   *
   * @default `end_session_endpoint` of the metadata
   */
  readonly url?: string
  /** Further parameters of the URL. */
  readonly parameters?: Readonly<Record<string, string>>
  /**
   * The name of the parameter with the URL to which the browser returns.
   *
   * @default 'post_logout_redirect_uri'
   */
  readonly postLogoutParameter?: string
  /**
   * Whether the ID token is sent.
   *
   * @default true
   */
  readonly idTokenHint?: boolean
}

/** The request for claims about the user. */
export interface UserInfoProfile {
  /**
   * The URL that returns the claims.
   *
   * @default `userinfo_endpoint` of the metadata
   */
  readonly url?: string
  /** Returns the claims of a response. By default, the response has the standard claims. */
  readonly claims?: (body: Readonly<Record<string, unknown>>) => UserClaims
}

/** Members of a server profile that describe how a server differs from the standards. */
export interface ServerDifferences {
  /** Endpoints that complete or replace those of the metadata, such as a revocation endpoint that is not advertised. */
  readonly endpoints?: Readonly<Record<string, string>>
  /**
   * Whether the issuer in the metadata must be `issuer`. `'any'` is for metadata whose URL is configured.
   *
   * @default 'equal'
   */
  readonly issuerInMetadata?: 'equal' | 'any'
  /** The tenant IDs that fill the template `{tenantid}` in the issuer of the metadata. Users of others cannot sign in. */
  readonly tenants?: readonly string[]
  /** How users sign out at the server. By default, by its metadata. */
  readonly endSession?: EndSessionProfile
  /**
   * The lifetime of an access token whose response specifies none, in seconds. `Infinity` for tokens that do not expire.
   *
   * @default 300
   */
  readonly defaultTokenLifetimeSeconds?: number
  /**
   * The text between the scopes of a request.
   *
   * @default ' '
   */
  readonly scopeSeparator?: ' ' | ','
  /** Values of `token_type` that mean `Bearer`. By default, only `Bearer` does. */
  readonly tokenTypes?: readonly string[]
  /** What error responses mean. The first that matches decides. By default, the errors of the standards decide. */
  readonly verdicts?: readonly ServerVerdict[]
  /** Functions for responses and revocations that data cannot describe. */
  readonly dialect?: ServerDialect
  /** The algorithm of ID tokens. By default, the metadata decides. */
  readonly idTokenSigningAlgorithm?: string
  /**
   * Whether a sign-in sends a `nonce`, which the ID token must repeat.
   *
   * @default true
   */
  readonly nonce?: boolean
  /**
   * Whether Evertoken requests claims about the user at the sign-in, and from which URL.
   *
   * @default whether the metadata has a `userinfo_endpoint`
   */
  readonly userInfo?: boolean | UserInfoProfile
}

type Bare =
  | 'endpoints'
  | 'tenants'
  | 'endSession'
  | 'defaultTokenLifetimeSeconds'
  | 'verdicts'
  | 'dialect'
  | 'idTokenSigningAlgorithm'
  | 'userInfo'

/** Those members with all defaults. */
export type CheckedDifferences = Checked<ServerDifferences, Bare>

/** A member with its check in the part that uses it. */
const checkedLater: Check = () => undefined

export const SERVER_DIFFERENCES: OptionTable<CheckedDifferences> = {
  endpoints: [checkedLater],
  issuerInMetadata: [checkedLater, 'equal'],
  tenants: [checkedLater],
  endSession: [checkedLater],
  defaultTokenLifetimeSeconds: [checkedLater],
  scopeSeparator: [oneOf(' ', ','), ' '],
  tokenTypes: [listOf(text), []],
  verdicts: [checkedLater],
  dialect: [checkedLater],
  idTokenSigningAlgorithm: [checkedLater],
  nonce: [checkedLater, true],
  userInfo: [checkedLater],
}
