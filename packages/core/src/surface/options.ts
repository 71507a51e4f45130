import type { SecurityProfile } from '../ports/security-profile.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { isLoopback } from '../rules/calls/allowed-urls.ts'
import { isLoginParameter } from '../rules/sign-in/login-request.ts'
import { checkAll, flag, invalid, must, oneOf, type OptionTable } from './checks.ts'
import {
  derivedFrom,
  SIGN_IN_OPTIONS,
  type SignInDerived,
  type SignInOptions,
  type SignInValues,
} from './sign-in-options.ts'
import { TOKEN_OPTIONS, type TokenValues } from './token-option-checks.ts'
import type { TokenManagementOptions } from './token-options.ts'
import { type TokenSettings, toTokenSettings } from './token-settings.ts'
import { PROFILE_NAMES } from './server-profile-checks.ts'
import {
  checkSignInProfile,
  requireSignInEndpoint,
  type SignInServerSettings,
} from './sign-in-profile-checks.ts'
import { isTokenSource, type TokenSource } from './token-source.ts'
import { withoutUnusedSecret } from './client-authentication.ts'
import { isSecurityProfile, withProfile } from './security-profile.ts'

/** The settings of `evertoken()`. */
export type EvertokenOptions = TokenManagementOptions & SignInOptions & SessionKind & ProfileOption

/** The options that select where sessions are kept, and how they are found. */
export interface SessionKind {
  /**
   * Where the session is kept: in an encrypted `cookie` (default), or on the `server`, with an ID in the cookie.
   *
   * `server` has no limit of size, supports `sessionById` for jobs, and lets a session refresh where no cookie can be set. Each
   * request then reads the store.
   *
   * @default 'cookie'
   */
  readonly session?: 'cookie' | 'server'
  /**
   * Whether the store finds the sessions of a user, for `listSessions` and `endSessions`. Needs a store with an index.
   *
   * Each sign-in makes one more write. The store then also holds the sessions that are in cookies, so a sign-in needs the
   * store. Earlier sessions are found after their next refresh or extension.
   *
   * @default false
   */
  readonly indexSessions?: boolean
}

/** The option that sets rules for the whole application. */
export interface ProfileOption {
  /**
   * Rules for the whole application: `fapi2()` of `@evertoken/core/fapi`. It sets the options for the security of the
   * sign-in and of the tokens, and refuses options that contradict it.
   *
   * @default none
   */
  readonly profile?: SecurityProfile
}

/** The option `client`, whose type decides which functions there are. */
export interface WithClient<Client> {
  /**
   * The source of the token of the application itself: `clientCredentials()` of `@evertoken/core/grants`. It adds the
   * function `getClientAccessToken` and two values of `token`, `'client'` and `'user-or-client'`.
   */
  readonly client?: Client
}

/** The options with a session store. */
export type EngineOptions = EvertokenOptions & { readonly store: SessionStore }

type Values = TokenValues &
  SignInValues & {
    readonly session: 'cookie' | 'server'
    readonly indexSessions: boolean
    readonly profile: SecurityProfile | undefined
    readonly client: TokenSource | undefined
  }

/** The checked options, with all defaults and derived values. */
export interface Settings extends Omit<TokenSettings<Values>, keyof SignInDerived | 'server'>, SignInDerived {
  readonly server: SignInServerSettings
}

const OPTIONS: OptionTable<Values> = {
  ...TOKEN_OPTIONS,
  ...SIGN_IN_OPTIONS,
  session: [oneOf('cookie', 'server'), 'cookie'],
  indexSessions: [flag, false],
  profile: [must('be `fapi2()` of `@evertoken/core/fapi`', isSecurityProfile)],
  client: [must('be `clientCredentials()` of `@evertoken/core/grants`', isTokenSource)],
}

/** @throws {ConfigurationError} If an option is invalid. The message names the option and the fix. */
export function checkOptions(options: EngineOptions): Settings {
  const values = checkAll<Values>(OPTIONS, withoutUnusedSecret(withProfile(options)), '', PROFILE_NAMES)
  const tokenSettings = toTokenSettings(values)
  const server = checkSignInProfile(tokenSettings.server, values.insecureHosts)
  const settings: Settings = { ...tokenSettings, server, ...derivedFrom(values, server) }
  requireSignInEndpoint(server)
  checkRequirements(settings)
  for (const name of ['backChannelLogout', 'indexSessions'] as const)
    if (settings[name] && !options.store.index) throw invalid(name, 'needs a store with an `index`')
  if (settings.diagnostics && !isDevelopment(settings))
    throw invalid('diagnostics', 'needs `baseUrl` or an issuer on loopback. Remove it in production')
  return settings
}

/** Whether the options are for development. The request does not matter, because it can name any host. */
function isDevelopment({ origin, issuer }: Settings): boolean {
  return [origin, issuer].some((url) => url !== undefined && isLoopback(new URL(url).hostname))
}

/** Checks requirements for the sign-in. Only an ID token proves how and when the user has authenticated. */
function checkRequirements({ authorizationParameters, openid }: Settings): void {
  for (const name of ['max_age', 'acr_values']) {
    const value = authorizationParameters.get(name)
    if (value === null) continue
    const problem = `has an invalid \`${name}\`. Use ${name === 'max_age' ? 'whole seconds' : 'values that spaces separate'}.`
    if (!isLoginParameter(name, value)) throw invalid('authorizationParameters', problem)
    if (!openid) throw invalid('authorizationParameters', `needs the scope \`openid\` for \`${name}\``)
  }
}
