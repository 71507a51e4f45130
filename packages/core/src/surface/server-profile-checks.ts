import { DEFAULT_LIFETIME_SECONDS } from '../rules/protocol/token-response.ts'
import { customMechanismOf, type CustomRequestOptions } from '../mechanisms/protocol/custom-requests.ts'
import { constraintMechanismOf } from '../mechanisms/protocol/sender-constraint.ts'
import type { CustomRevocation } from '../ports/dialect.ts'
import type { ReusePolicy } from '../rules/refresh/decide.ts'
import {
  text,
  checkAll,
  type Check,
  type Checked,
  flag,
  invalid,
  isPositive,
  listOf,
  must,
  mustMatch,
  oneOf,
  type OptionTable,
  REQUIRED,
  url,
} from './checks.ts'
import { dialect, isObject, TOKEN_HEADER, urlWithQuery, verdicts } from './profile-part-checks.ts'
import type { RequestProfile } from './request-profile.ts'
import type { ServerProfile } from './server-profile.ts'
import type { ServerMetadata } from './server-metadata.ts'

/** A checked profile, with all defaults. It also has the members for the sign-in, which are not checked. */
export type ServerSettings = Omit<ProfileValues, SignInMember>

/** The members that only a sign-in uses. `checkSignInProfile` checks them. */
export type SignInMember =
  | 'endSession'
  | 'redirectUri'
  | 'defaultScope'
  | 'idTokenSigningAlgorithm'
  | 'nonce'
  | 'userInfo'
  | 'clockToleranceSeconds'
  | 'authorizationParameters'

type ProfileValues = Checked<ServerProfile, 'metadata' | 'internalUrl' | keyof RequestProfile | SignInMember>

const notMetadata = must(
  'be the `issuer` in the metadata. For the URL of the metadata, use `server: { metadata }`',
  (issuer: string) => !issuer.includes('/.well-known/'),
)

const metadata: Check = (value, hosts) => {
  if (typeof value === 'string') return urlWithQuery(value, hosts)
  if (typeof value !== 'object' || value === null)
    return 'must be the URL of the metadata, or the metadata itself'
  const { token_endpoint: tokenEndpoint, authorization_endpoint: ofSignIn } = value as Partial<ServerMetadata>
  if (urlWithQuery(tokenEndpoint, hosts)) return mustHave('a `token_endpoint`')
  return ofSignIn !== undefined && urlWithQuery(ofSignIn, hosts)
    ? mustHave(AUTHORIZATION_ENDPOINT)
    : undefined
}

/** Members of the metadata whose value is a URL. */
const URL_MEMBER = /_endpoint$|_uri$/

/** The issuer is compared, so it cannot be replaced. */
const areEndpoints: Check = (value, hosts) => {
  if (Object(value) !== value || Array.isArray(value)) return 'must be an object with members of the metadata'
  if ('issuer' in (value as object)) return 'must not have an `issuer`. Set `server.issuer`'
  const wrong = Object.entries(value as object).find(
    ([name, member]) => URL_MEMBER.test(name) && urlWithQuery(member, hosts),
  )
  return wrong && mustHave(`a URL in \`${wrong[0]}\``)
}

/** For messages. */
export const AUTHORIZATION_ENDPOINT = 'an `authorization_endpoint`'
const mustHave = (what: string) => `must have ${what} on https (http on loopback and for \`insecureHosts\`)`

const custom = (name: string, isRevocation: boolean) =>
  must(`be \`${name}()\` of \`@evertoken/core/requests\``, (value: CustomRevocation) => {
    const mechanism = customMechanismOf(value)
    return mechanism !== undefined && 'authenticate' in mechanism === isRevocation
  })

/** A known name, whose value is not checked here. */
const KNOWN = [() => undefined] as const

const SERVER_PROFILE: OptionTable<ProfileValues> = {
  issuer: [(value, hosts) => url(value, hosts) ?? notMetadata(value), REQUIRED],
  metadata: [metadata],
  endpoints: [areEndpoints, {}],
  issuerInMetadata: [oneOf('equal', 'any'), 'equal'],
  tenants: [listOf(mustMatch('be tenant IDs', /^[\w.-]+$/)), []],
  internalUrl: [url],
  basicCredentials: [oneOf('encoded', 'plain'), 'encoded'],
  refreshTokenReuse: [
    must(
      "be 'strict', 'tolerant' or { graceSeconds: a positive number }",
      (reuse: ReusePolicy | null) =>
        reuse === 'strict' || reuse === 'tolerant' || isPositive(reuse?.graceSeconds),
    ),
    'strict',
  ],
  refreshEndsAccessToken: [flag, false],
  defaultTokenLifetimeSeconds: [
    must(
      'be a positive number of seconds, or Infinity',
      (value: unknown) => typeof value === 'number' && value > 0,
    ),
    DEFAULT_LIFETIME_SECONDS,
  ],
  tokenTypes: [listOf(text), []],
  scopeSeparator: [oneOf(' ', ','), ' '],
  tokenHeader: [isObject],
  tokenRequest: [custom('customTokenRequest', false)],
  revocation: [custom('customRevocation', true)],
  verdicts: [verdicts, []],
  dialect: [dialect, {}],
  endSession: KNOWN,
  redirectUri: KNOWN,
  defaultScope: KNOWN,
  idTokenSigningAlgorithm: KNOWN,
  nonce: KNOWN,
  userInfo: KNOWN,
  clockToleranceSeconds: KNOWN,
  authorizationParameters: KNOWN,
}

/** The names of the members of a profile, for the message about an unknown option. */
export const PROFILE_NAMES: readonly string[] = Object.keys(SERVER_PROFILE)
  .filter((name) => name !== 'issuer')
  .map((name) => `server.${name}`)

interface ServerValues extends CustomRequestOptions {
  readonly issuer?: string | undefined
  readonly server?: ServerProfile | undefined
}

/**
 * Checks the choice of the authorization server.
 *
 * @param prefix - Where the choice is, for the message.
 * @throws {ConfigurationError} If the server is missing or set twice, or a member of its profile is invalid.
 */
export function checkServer(choice: ServerValues, prefix = ''): ServerSettings {
  const { issuer, server, insecureHosts } = choice
  if (server !== undefined && issuer !== undefined)
    throw invalid(`${prefix}issuer`, 'is in `server` too. Remove one')
  const profile = server ?? (issuer === undefined ? {} : { issuer })
  const values = checkAll<ProfileValues>(
    SERVER_PROFILE,
    profile,
    server ? `${prefix}server.` : prefix,
    [],
    insecureHosts,
  )
  const { tokenHeader, tokenRequest, revocation } = values
  if (tokenHeader) checkAll(TOKEN_HEADER, tokenHeader, 'server.tokenHeader.', [], insecureHosts)
  if (tokenRequest) customMechanismOf(tokenRequest)?.check?.(tokenRequest, choice)
  if (revocation) {
    customMechanismOf(revocation)?.check?.(revocation, choice)
    constraintMechanismOf(choice.senderConstraint).check?.(revocation)
  }
  return values
}
