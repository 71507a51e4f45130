import type { SecurityProfile } from '../ports/security-profile.ts'

/** Options of an application that were not checked yet. */
export type UncheckedOptions = Readonly<Record<string, unknown>>

/** Returns the options with those that the profile sets, or throws if one of them breaks its rules. */
type Apply = (options: UncheckedOptions) => UncheckedOptions

/** It is a global symbol, because a bundler can load this module twice. */
const APPLY: unique symbol = Symbol.for('evertoken.securityProfile.1') as never

/** Creates a value for the option `profile`. */
export function createSecurityProfile(name: string, apply: Apply): SecurityProfile {
  return Object.freeze(Object.defineProperty({ name }, APPLY, { value: apply })) as object as SecurityProfile
}

export function isSecurityProfile(value: unknown): value is SecurityProfile {
  return APPLY in Object(value)
}

/**
 * Returns the options with those that their profile sets.
 *
 * @throws {ConfigurationError} If an option breaks the rules of the profile (`profile_violated`).
 */
export function withProfile<Options extends { readonly profile?: SecurityProfile }>(
  options: Options,
): Options {
  const { [APPLY]: apply } = Object(Object(options).profile) as { readonly [APPLY]?: Apply }
  return apply ? (apply(options) as Options) : options
}
