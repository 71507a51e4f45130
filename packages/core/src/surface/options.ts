import type { SessionStore } from '../ports/session-store.ts'
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
  return { ...settings, ...checkSignInOptions(rest, options.store) }
}
