import type { ClientAuthentication } from '../ports/client-authentication.ts'
import type { RefreshPolicy } from '../rules/refresh/decide.ts'
import { defaultCookieName } from '../rules/sessions/cookies.ts'
import { checkAll } from './checks.ts'
import { authenticationOf, withoutUnusedSecret } from './client-authentication.ts'
import { checkServer, PROFILE_NAMES, type ServerSettings } from './server-profile-checks.ts'
import { TOKEN_OPTIONS, type TokenValues } from './token-option-checks.ts'
import type { TokenManagementOptions } from './token-options.ts'

/** The settings, with derived values in place of the secrets. */
export type TokenSettings<Values extends TokenValues = TokenValues> = Omit<
  Values,
  'issuer' | 'encryptionSecret' | 'clientSecret' | 'cookieName' | 'server'
> &
  Derived

interface Derived {
  readonly issuer: string
  readonly server: ServerSettings
  readonly cookieName: string
  /** The first secret encrypts, and all decrypt. */
  readonly secrets: readonly [string, ...string[]]
  readonly authentication: ClientAuthentication
  /** The origin of `baseUrl`. `undefined` if each request shows it. */
  readonly origin: string | undefined
  /** The path of `baseUrl`, without a slash at the end. Empty if the application is at the root. */
  readonly basePath: string
  readonly policy: RefreshPolicy
  readonly serverTimeoutMs: number
  readonly storeTimeoutMs: number
}

/** @throws {ConfigurationError} If an option is invalid. The message names the option and the fix. */
export function checkTokenOptions(options: TokenManagementOptions): TokenSettings {
  return toTokenSettings(
    checkAll<TokenValues>(TOKEN_OPTIONS, withoutUnusedSecret(options), '', PROFILE_NAMES),
  )
}

/**
 * Derives the settings from checked options. The result has no member with a secret in plain text except `secrets`, so that parts
 * which get all settings cannot print the client secret.
 *
 * @throws {ConfigurationError} If the client secret does not fit `clientAuthentication`.
 */
export function toTokenSettings<Values extends TokenValues>(values: Values): TokenSettings<Values> {
  const {
    encryptionSecret,
    clientSecret: _clientSecret,
    cookieName,
    issuer: _issuer,
    server: _server,
    ...rest
  } = values
  const { refreshBeforeExpirySeconds } = values
  const server = checkServer(values)
  const { issuer, refreshTokenReuse: reuse, refreshEndsAccessToken } = server
  const serveDuringRefresh = !refreshEndsAccessToken
  return {
    ...rest,
    issuer,
    server,
    cookieName: cookieName ?? defaultCookieName(issuer, values.clientId),
    secrets: [encryptionSecret].flat() as [string, ...string[]],
    authentication: authenticationOf(values, server),
    origin: values.baseUrl && new URL(values.baseUrl).origin,
    basePath: values.baseUrl === undefined ? '' : new URL(values.baseUrl).pathname.replace(/\/$/, ''),
    policy: { consumes: 'refresh_token', refreshBeforeExpirySeconds, reuse, serveDuringRefresh },
    serverTimeoutMs: values.serverTimeoutSeconds * 1000,
    storeTimeoutMs: values.storeTimeoutSeconds * 1000,
  }
}
