import { ConfigurationError } from '../vocabulary/index.ts'

/**
 * Returns a part of a host name, after a check. The client secret is sent to this host, so it must be one of the provider.
 *
 * @throws {ConfigurationError} If the value does not match.
 */
export function hostPart(value: string, pattern: RegExp): string {
  if (pattern.test(value)) return value
  throw new ConfigurationError('invalid_option', `The host must match ${pattern.source}`)
}
