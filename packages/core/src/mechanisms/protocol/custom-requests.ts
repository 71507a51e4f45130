import type { ClientAuth } from 'oauth4webapi'
import type { CustomRevocation, RevocationProfile } from '../../ports/dialect.ts'
import type { SenderConstraint } from '../../ports/token-binding.ts'
import {
  type AdaptRequest,
  type CustomTokenRequest,
  inJson,
  type TokenRequestProfile,
  withoutBody,
} from '../../rules/protocol/token-request-form.ts'
import { inHeader } from './client-authentication.ts'
import type { Connection } from './connection.ts'

/** The options of the application that a custom request must fit. */
export interface CustomRequestOptions {
  readonly insecureHosts: readonly string[]
  readonly senderConstraint?: SenderConstraint | undefined
}

/** The functions of a custom request. A value contains them, so that other applications do not. */
interface CustomRequestMechanism<Value> {
  /** @throws {ConfigurationError} If the value is invalid. */
  readonly check?: (value: Value, options: CustomRequestOptions) => void
  /** Converts a standard request with client authentication. */
  readonly adapt?: AdaptRequest<Value>
}

export interface TokenRequestMechanism extends CustomRequestMechanism<CustomTokenRequest> {
  readonly adapt: AdaptRequest<CustomTokenRequest>
}

export interface RevocationMechanism extends CustomRequestMechanism<CustomRevocation> {
  /**
   * Returns how a request is authenticated. `undefined`: the client has no secret to send.
   *
   * @param parameter - The name of the parameter with the token to revoke.
   */
  readonly authenticate: (
    connection: Pick<Connection, 'authenticator' | 'basicCredentials' | 'revocation'>,
    parameter: string,
  ) => ClientAuth | undefined | Promise<ClientAuth | undefined>
}

/** It is a global symbol, because a bundler can load this module twice. */
const MECHANISM: unique symbol = Symbol.for('evertoken.customRequest.1') as never

/**
 * Creates a value with the functions of a custom request.
 *
 * @param mechanism - The same for all values of a kind, because two values with the same members must be equal.
 */
export function createCustomRequest(
  profile: RevocationProfile,
  mechanism: RevocationMechanism,
): CustomRevocation
export function createCustomRequest(
  profile: TokenRequestProfile,
  mechanism: TokenRequestMechanism,
): CustomTokenRequest
export function createCustomRequest(profile: object, mechanism: object): unknown {
  // Not enumerable: the functions of one profile do not know the members of a changed copy, which is thus refused.
  return Object.defineProperty({ ...profile }, MECHANISM, { value: mechanism })
}

/** Returns the functions of a value. `undefined`: it is another object. */
export function customMechanismOf(value: CustomRevocation | undefined): RevocationMechanism | undefined
export function customMechanismOf(value: CustomTokenRequest | undefined): TokenRequestMechanism | undefined
export function customMechanismOf(value: unknown): unknown {
  return (Object(value) as { readonly [MECHANISM]?: unknown })[MECHANISM]
}

type Authenticate = RevocationMechanism['authenticate']

/** Authenticates the client, as at the token endpoint. */
export const AS_CLIENT: RevocationMechanism = { authenticate: ({ authenticator }) => authenticator.request() }

/** Sends the token to revoke as a Bearer token, without parameters. */
export const asBearer: Authenticate = (_connection, parameter) => (_metadata, _client, form, headers) =>
  headers.set('authorization', `Bearer ${form.get(parameter)}`)

/** Sends the client secret in the `Authorization` header. */
export const withSecretInHeader: Authenticate = async ({ authenticator, basicCredentials = 'encoded' }) => {
  const secret = await authenticator.secret()
  return secret === undefined ? undefined : inHeader({ basicCredentials })(secret)
}

/** A revocation with a Bearer token. */
export const BEARER: RevocationMechanism = { authenticate: asBearer, adapt: withoutBody }

/** A revocation with the client secret in the header, and with JSON. */
export const BASIC_JSON: RevocationMechanism = { authenticate: withSecretInHeader, adapt: inJson }
