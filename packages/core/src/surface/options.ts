import type { SessionStore } from '../ports/session-store.ts'
import { isLoopback } from '../rules/calls/allowed-urls.ts'
import { isLoginParameter } from '../rules/sign-in/login-request.ts'
import { checkAll, invalid, oneOf, type OptionTable } from './checks.ts'
import {
  derivedFrom,
  SIGN_IN_OPTIONS,
  type SignInDerived,
  type SignInOptions,
  type SignInValues,
} from './sign-in-options.ts'
import {
  TOKEN_OPTIONS,
  type TokenManagementOptions,
  type TokenSettings,
  type TokenValues,
  toTokenSettings,
} from './token-options.ts'
import { withoutUnusedSecret } from './client-authentication.ts'

/** The settings of `evertoken()`. */
export interface EvertokenOptions extends TokenManagementOptions, SignInOptions {
  /** Where the session is kept: in an encrypted `cookie` (default), or on the `server`, with an ID in the cookie. */
  readonly session?: 'cookie' | 'server'
}

/** The options with a session store. */
export interface EngineOptions extends EvertokenOptions {
  readonly store: SessionStore
}

type Values = TokenValues & SignInValues & { readonly session: 'cookie' | 'server' }

/** The checked options, with all defaults and derived values. */
export interface Settings extends Omit<TokenSettings<Values>, keyof SignInDerived>, SignInDerived {}

const OPTIONS: OptionTable<Values> = {
  ...TOKEN_OPTIONS,
  ...SIGN_IN_OPTIONS,
  session: [oneOf('cookie', 'server'), 'cookie'],
}

/** @throws {ConfigurationError} If an option is invalid. The message names the option and the fix. */
export function checkOptions(options: EngineOptions): Settings {
  const values = checkAll<Values>(OPTIONS, withoutUnusedSecret(options))
  const settings: Settings = { ...toTokenSettings(values), ...derivedFrom(values) }
  checkRequirements(settings)
  if (settings.backChannelLogout && !options.store.index)
    throw invalid('backChannelLogout', 'needs a store with an "index", to find sessions by')
  if (settings.diagnostics && !isDevelopment(settings))
    throw invalid('diagnostics', 'is for development: set "baseUrl" to a loopback address, or leave it out')
  return settings
}

/** Whether the options are for development. The request does not matter, because it can name any host. */
function isDevelopment({ origin, insecure }: Settings): boolean {
  return insecure || (origin !== undefined && isLoopback(new URL(origin).hostname))
}

/** Checks requirements for the sign-in. Only an ID token proves how and when the user has authenticated. */
function checkRequirements({ authorizationParameters, openid }: Settings): void {
  for (const name of ['max_age', 'acr_values']) {
    const value = authorizationParameters.get(name)
    if (value === null) continue
    const problem = `has an invalid "${name}". Use ${name === 'max_age' ? 'whole seconds' : 'values that spaces separate'}.`
    if (!isLoginParameter(name, value)) throw invalid('authorizationParameters', problem)
    if (!openid) throw invalid('authorizationParameters', `needs the scope "openid" for "${name}"`)
  }
}
