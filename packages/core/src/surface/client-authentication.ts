import type { ClientAuthentication } from '../mechanisms/protocol/connection.ts'
import { invalid } from './checks.ts'

interface Credentials {
  readonly clientAuthentication?: ClientAuthentication['method'] | undefined
  readonly clientSecret?: string | undefined
}

/** A client that does not authenticate can leave the variable of its secret unset. */
export function withoutUnusedSecret<Options extends Credentials>(options: Options): Options {
  const { clientAuthentication, clientSecret, ...rest } = Object(options) as Options
  const isUnused = clientAuthentication === 'none' && clientSecret === undefined
  return isUnused ? ({ ...rest, clientAuthentication } as Options) : options
}

/**
 * Returns how the client authenticates.
 *
 * @throws {ConfigurationError} If the client secret does not fit `clientAuthentication`.
 */
export function authenticationOf({ clientSecret, clientAuthentication }: Credentials): ClientAuthentication {
  const method = clientAuthentication ?? (clientSecret === undefined ? 'none' : 'client_secret_basic')
  if (method === 'none' && clientSecret === undefined) return { method }
  if (method !== 'none' && clientSecret !== undefined) return { method, clientSecret }
  throw invalid(
    'clientSecret',
    'is required for `client_secret_basic` and `client_secret_post`. Remove it for `none`',
  )
}
