import type { SessionStore } from '../ports/session-store.ts'
import { isLoopback } from '../rules/allowed-urls.ts'
import { invalid } from './checks.ts'
import { checkSignInOptions, type SignInOptions, type SignInSettings } from './sign-in-options.ts'
import { checkTokenOptions, type TokenManagementOptions, type TokenSettings } from './token-options.ts'

/** The settings of `evertoken()`. */
export interface EvertokenOptions extends TokenManagementOptions, SignInOptions {}

/** The options, with a session store among them. */
export interface EngineOptions extends EvertokenOptions {
  readonly store: SessionStore
}

/** The options, checked and with all defaults in place. */
export interface Settings extends TokenSettings, SignInSettings {}

/** @throws ConfigurationError that names the option and says what to do. */
export function checkOptions(options: EngineOptions): Settings {
  const { settings, rest } = checkTokenOptions(options)
  const signInSettings = checkSignInOptions(rest, options.store)
  if (signInSettings.diagnostics && !isDevelopment(settings))
    throw invalid('diagnostics', 'is for development: set "baseUrl" to a loopback address, or leave it out')
  return { ...settings, ...signInSettings }
}

/** As the options say it. A request can name any host. */
function isDevelopment({ origin, insecure }: TokenSettings): boolean {
  return insecure || (origin !== undefined && isLoopback(new URL(origin).hostname))
}
