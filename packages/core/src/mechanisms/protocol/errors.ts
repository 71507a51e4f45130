import { ConfigurationError, type RedactedCause, TryLaterError } from '../../vocabulary/index.ts'

export function wrongMetadata(what: string): ConfigurationError {
  const message = `Cannot use the authorization server: its ${what}; check the option "issuer"`
  return new ConfigurationError('authorization_server_metadata_invalid', message)
}

/** @param what - The operation that failed. */
export function unavailable(what: string, cause: RedactedCause): TryLaterError {
  const message = `Cannot ${what}: try again later`
  return new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds: 1 })
}
