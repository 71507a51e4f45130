import type { AuthorizationServer, Client, ClientAuth } from 'oauth4webapi'
import type { CustomRevocation } from '../../ports/dialect.ts'
import type { SenderConstraint } from '../../ports/token-binding.ts'
import type { CustomTokenRequest } from '../../rules/protocol/token-request-form.ts'
import type { RevocationOutcome } from '../../vocabulary/index.ts'
import type { ClientAuthenticator } from './client-authentication.ts'
import type { Http } from './http.ts'

/** The options of the application that a custom request must fit. */
export interface CustomRequestOptions {
  readonly insecureHosts: readonly string[]
  readonly senderConstraint?: SenderConstraint | undefined
}

/** The functions of a custom request. A value contains them, so that other applications do not. */
interface Checked<Value> {
  /** @throws {ConfigurationError} If the value is invalid, or cannot be used with these options. */
  readonly check?: (value: Value, options: CustomRequestOptions) => void
}

export interface TokenRequestMechanism extends Checked<CustomTokenRequest> {
  /** Returns a function that changes standard requests before it sends them. */
  readonly adapt: (send: Http, value: CustomTokenRequest) => Http
}

/** Revokes a token. Rejects if a request fails. */
export type Revoke = (token: string, hint: 'refresh_token' | 'access_token') => Promise<RevocationOutcome>

/** The parts of a server that a custom revocation uses. */
export interface RevocationTools {
  readonly client: Client
  readonly authenticator: ClientAuthenticator
  readonly fetchMetadata: () => Promise<AuthorizationServer>
  readonly secretInHeader: (secret: string) => ClientAuth
  readonly send: Http
  /** Uses a refresh token. The grant is about to end, so the tokens of the response are only used to end it. */
  readonly refresh: (refreshToken: string) => Promise<{
    readonly response: Response
    readonly body: unknown
    readonly isRejected: boolean
  }>
  /** Whether a request had its effect. */
  readonly isSuccessful: (response: Response) => Promise<boolean>
}

export interface RevocationMechanism extends Checked<CustomRevocation> {
  readonly create: (tools: RevocationTools, value: CustomRevocation) => Revoke
}

/** It is a global symbol, because a bundler can load this module twice. */
const MECHANISM: unique symbol = Symbol.for('evertoken.customRequest.1') as never

/**
 * Creates a value with the functions of a custom request.
 *
 * @param mechanism - The same for all values of a kind, because two values with the same members must be equal.
 */
export function createCustomRequest<Value extends CustomTokenRequest | CustomRevocation>(
  profile: object,
  mechanism: Value extends CustomRevocation ? RevocationMechanism : TokenRequestMechanism,
): Value {
  return { ...profile, [MECHANISM]: mechanism } as object as Value
}

/** Returns the functions of a value. `undefined`: it is another object. */
export function customMechanismOf(value: CustomRevocation): RevocationMechanism | undefined
export function customMechanismOf(value: CustomTokenRequest): TokenRequestMechanism | undefined
export function customMechanismOf(value: object): unknown {
  return (Object(value) as { readonly [MECHANISM]?: unknown })[MECHANISM]
}
