import type { SecretRules } from '../mechanisms/protocol/client-authentication.ts'
import { isClientAuthentication } from '../mechanisms/protocol/client-authentication.ts'
import {
  clientSecretPost,
  none,
  secretAsSupported,
  secretInHeader,
} from '../mechanisms/protocol/client-secret.ts'
import { isSenderConstraint } from '../mechanisms/protocol/sender-constraint.ts'
import type { ClientAuthentication, ClientSecret } from '../ports/client-authentication.ts'
import type { SenderConstraint } from '../ports/token-binding.ts'
import { type Checked, invalid, must, oneOf, type OptionTable } from './checks.ts'

/** How the client authenticates at the authorization server, and how its tokens are bound to it. */
export interface ClientAuthenticationOptions {
  /**
   * The client secret, or a function that returns the current one. Omit it for a public client.
   *
   * Evertoken calls the function for each token request, so that a rotated secret is used. If the option is
   * `undefined`, set `clientAuthentication: 'none'` too.
   */
  readonly clientSecret?: ClientSecret | undefined
  /**
   * A method for `clientSecret`, or a value from `@evertoken/core/credentials`.
   *
   * @default The method that the metadata of the server lists. If it lists both or none, `client_secret_basic`. Without a
   * secret, `none`.
   */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post' | 'none' | ClientAuthentication
  /**
   * Binds access tokens to the client, so that a stolen token is useless: `dpop()` of `@evertoken/core/dpop`, or
   * `certificateBound()` of `@evertoken/core/mtls`.
   *
   * Sessions that began without `dpop()` keep their tokens as they are.
   *
   * @default none, so that anyone who has a token can use it
   */
  readonly senderConstraint?: SenderConstraint
}

type Values = Checked<ClientAuthenticationOptions, keyof ClientAuthenticationOptions>

const isMethod = oneOf('client_secret_basic', 'client_secret_post', 'none')

export const CLIENT_AUTHENTICATION_OPTIONS: OptionTable<Values> = {
  clientSecret: [
    must(
      'be a string, and not empty, or a function that returns one',
      (secret) => (typeof secret === 'string' && secret !== '') || typeof secret === 'function',
    ),
  ],
  clientAuthentication: [
    (value) => {
      const problem = isClientAuthentication(value) ? undefined : isMethod(value)
      return problem && `${problem}, or a value from \`@evertoken/core/credentials\``
    },
  ],
  senderConstraint: [
    must(
      'be `dpop()` of `@evertoken/core/dpop`, or `certificateBound()` of `@evertoken/core/mtls`',
      isSenderConstraint,
    ),
  ],
}

/** A client that does not authenticate can leave the variable of its secret unset. */
export function withoutUnusedSecret<Options extends ClientAuthenticationOptions>(options: Options): Options {
  const { clientAuthentication: method, clientSecret: secret, ...rest } = Object(options) as Options
  const isUnused = method === 'none' && secret === undefined
  return isUnused ? ({ ...rest, clientAuthentication: method } as Options) : options
}

/**
 * Returns how the client authenticates.
 *
 * @throws {ConfigurationError} If the client secret does not fit `clientAuthentication`.
 */
export function authenticationOf(
  { clientSecret: secret, clientAuthentication: method }: Values,
  rules: SecretRules,
): ClientAuthentication {
  if (method === undefined) return secret === undefined ? none() : secretAsSupported(secret, rules)
  if (typeof method === 'object') {
    if (secret === undefined) return method
    throw invalid('clientSecret', 'has no effect with this `clientAuthentication`. Remove it.')
  }
  const isNone = method === 'none'
  if (isNone !== (secret === undefined))
    throw invalid('clientSecret', `${isNone ? 'must be absent' : 'is missing'}. ${SECRET_RULE}`)
  if (secret === undefined) return none()
  return method === 'client_secret_basic' ? secretInHeader(secret, rules) : clientSecretPost(secret)
}

const SECRET_RULE = '`clientSecret` is only for `client_secret_basic` and `client_secret_post`.'
