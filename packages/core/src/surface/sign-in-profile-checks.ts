import type { UserInfoProfile } from '../mechanisms/protocol/user-info.ts'
import { omitUndefined, pick } from '../rules/members.ts'
import { isAsymmetric } from '../rules/protocol/signing-keys.ts'
import {
  type Check,
  type Checked,
  checkAll,
  flag,
  hook,
  invalid,
  isPositive,
  must,
  type OptionTable,
  text,
} from './checks.ts'
import { isObject, urlWithQuery } from './profile-part-checks.ts'
import type { EndSessionProfile } from './server-metadata.ts'
import { AUTHORIZATION_ENDPOINT, type ServerSettings, type SignInMember } from './server-profile-checks.ts'
import type { ServerProfile } from './server-profile.ts'
import { TOKEN_PARAMETERS } from './token-parameter-checks.ts'

type EndSessionSettings = Checked<EndSessionProfile, 'url'>

type SignInProfileValues = Checked<
  Pick<ServerProfile, SignInMember>,
  'idTokenSigningAlgorithm' | 'defaultScope' | 'redirectUri'
>

/** A checked profile of a server where users sign in, with all defaults. */
export type SignInServerSettings = ServerSettings &
  Omit<SignInProfileValues, 'endSession'> & { readonly endSession: EndSessionSettings }

const postLogoutParameter: Check = (value) =>
  text(value) ??
  must(
    'not be another parameter of the URL, such as `client_id`',
    (name: string) => !/^(?:id_token_hint|logout_hint|client_id|state|ui_locales)$/.test(name),
  )(value)

const END_SESSION: OptionTable<EndSessionSettings> = {
  url: [urlWithQuery],
  parameters: [...TOKEN_PARAMETERS.parameters, {}],
  postLogoutParameter: [postLogoutParameter, 'post_logout_redirect_uri'],
  idTokenHint: [flag, true],
}

type UserInfoValues = Checked<UserInfoProfile, keyof UserInfoProfile>

const USER_INFO: OptionTable<UserInfoValues> = {
  url: [urlWithQuery],
  body: [text],
  fromTokenResponse: [flag],
  claims: [hook],
  afterRefresh: [flag],
}

const SIGN_IN_PROFILE: OptionTable<SignInProfileValues> = {
  endSession: [isObject, {}],
  redirectUri: [text],
  defaultScope: [(value) => (value === '' ? undefined : TOKEN_PARAMETERS.scope[0](value))],
  idTokenSigningAlgorithm: [
    must(
      "be 'HS256' or an algorithm with a public key, such as 'ES256'",
      (algorithm) => typeof algorithm === 'string' && (algorithm === 'HS256' || isAsymmetric(algorithm)),
    ),
  ],
  nonce: [flag, true],
  userInfo: [
    must(
      'be `true`, `false` or an object',
      (value) => Object(value) === value || value === true || value === false,
    ),
    true,
  ],
  clockToleranceSeconds: [
    must(
      'be a number of seconds from 0 to 300',
      (tolerance) => tolerance === 0 || (isPositive(tolerance) && tolerance <= 300),
    ),
    30,
  ],
  authorizationParameters: [...TOKEN_PARAMETERS.parameters, {}],
}

/**
 * Checks the members of a profile that only a sign-in uses.
 *
 * @throws {ConfigurationError} If one of them is invalid.
 */
export function checkSignInProfile(
  server: ServerSettings,
  insecureHosts: readonly string[],
): SignInServerSettings {
  const given = omitUndefined(pick<object>(server, Object.keys(SIGN_IN_PROFILE) as never[]))
  const values = checkAll<SignInProfileValues>(SIGN_IN_PROFILE, given, 'server.', [], insecureHosts)
  const { endSession, userInfo } = values
  if (typeof userInfo === 'object') checkUserInfo(userInfo, insecureHosts)
  return {
    ...server,
    ...values,
    endSession: checkAll<EndSessionSettings>(
      END_SESSION,
      endSession,
      'server.endSession.',
      [],
      insecureHosts,
    ),
  }
}

/**
 * Checks that the server is complete enough for a sign-in.
 *
 * @throws {ConfigurationError} If `metadata` is an object without `authorization_endpoint`.
 */
export function requireSignInEndpoint({ metadata: given, endpoints }: ServerSettings): void {
  if (typeof given !== 'object' || { ...given, ...endpoints }.authorization_endpoint !== undefined) return
  throw invalid('server.metadata', `must have ${AUTHORIZATION_ENDPOINT}, because users sign in there`)
}

function checkUserInfo(profile: UserInfoProfile, insecureHosts: readonly string[]): void {
  const { claims, afterRefresh, fromTokenResponse } = checkAll<UserInfoValues>(
    USER_INFO,
    profile,
    'server.userInfo.',
    [],
    insecureHosts,
  )
  if (afterRefresh && (fromTokenResponse || (claims && claims.length > 1)))
    throw invalid(
      'server.userInfo.afterRefresh',
      'needs `claims` with one parameter, because only a sign-in has the token response',
    )
}
