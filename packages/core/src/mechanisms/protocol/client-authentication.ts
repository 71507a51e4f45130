import type { AuthorizationServer, ClientAuth } from 'oauth4webapi'
import type { ClientAuthentication, ClientSecret } from '../../ports/client-authentication.ts'
import { OperatorError, type RedactedCause } from '../../vocabulary/index.ts'
import { withDeadline } from '../runtime/deadline.ts'
import { redact } from '../runtime/redact.ts'
import type { AdaptMetadata } from './discovery.ts'
import { AFTER_LEASE_MS } from './http.ts'
import { createFailurePause, type FailurePauseOptions } from './failure-pause.ts'
import type { ServerClock } from './server-clock.ts'

/**
 * The key of the functions of a value. They can ask a key service.
 *
 * It is a global symbol, because a bundler can load this module twice.
 */
const MECHANISM: unique symbol = Symbol.for('evertoken.clientAuthentication.2') as never

/** The options of the client, and two functions, for the functions of a value. */
export interface AuthenticationContext extends Pick<ClientAuthenticatorOptions, 'clientId' | 'serverClock'> {
  /** Resolves to the metadata of the server. It is known by the time a request is prepared. */
  fetchMetadata(): Promise<AuthorizationServer>
  /**
   * Calls functions of the application, for example a key service.
   *
   * @param timeoutMs - How long they may take, in milliseconds. Default: half of the time that a caller waits.
   * @returns Their result, which must not be `undefined`.
   * @throws {OperatorError} If they fail or take too long. Further calls then fail without a call during a pause.
   */
  ask<T>(work: () => Promise<T | undefined>, timeoutMs?: number): Promise<T>
}

/** Chooses the method for a server with this metadata (RFC 8414 §2). */
export type MethodFor = (metadata: Partial<AuthorizationServer>) => string

interface Mechanism {
  /**
   * Returns how to authenticate one request.
   *
   * @param timeoutMs - How long functions of the application may take, if not as long as usual.
   * @param resendMs - The same for a request that is sent again with a nonce.
   */
  authenticate(
    context: AuthenticationContext,
    timeoutMs?: number,
    resendMs?: number,
  ): ClientAuth | Promise<ClientAuth>
  /** Whether `authenticate` returns no promise, and its result is the same for all requests. */
  readonly isFixed?: boolean
  /** Returns the client secret, if there is one. */
  readonly readSecret?: Exclude<ClientSecret, string>
  /** Chooses the method, if it depends on the server. */
  readonly methodFor?: MethodFor | undefined
  /**
   * Returns the metadata as the method needs it, such as with other endpoints.
   *
   * @throws {ConfigurationError} If the method cannot be used with the server.
   */
  readonly adaptMetadata?: AdaptMetadata
}

/** Creates a value for the option `clientAuthentication`. If it is printed, only its method is shown. */
export function createClientAuthentication(method: string, mechanism: Mechanism): ClientAuthentication {
  const value = Object.defineProperty({ method }, MECHANISM, { value: mechanism })
  return Object.freeze(value) as object as ClientAuthentication
}

/** Returns the functions of a value. */
export function mechanismOf(authentication: ClientAuthentication): Mechanism {
  return (authentication as unknown as { readonly [MECHANISM]: Mechanism })[MECHANISM]
}

export function isClientAuthentication(value: unknown): value is ClientAuthentication {
  return typeof value === 'object' && value !== null && MECHANISM in value
}

export interface ClientAuthenticatorOptions extends FailurePauseOptions {
  readonly authentication: ClientAuthentication
  readonly clientId: string
  readonly serverClock: Pick<ServerClock, 'read'>
  /** How long a caller waits, in milliseconds. */
  readonly serverTimeoutMs: number
}

/**
 * Authenticates the requests of one client.
 *
 * All functions reject with an `OperatorError` (`key_service_unavailable`) if the secret is not available. The request
 * is then not sent, so no code and no refresh token was used. After a failure, they reject without another call of the
 * key service during a pause.
 */
export interface ClientAuthenticator {
  /** Returns the method with which the client authenticates at a server with this metadata. */
  readonly methodFor: MethodFor
  /** Requests the current secret for one request. */
  request(): Promise<ClientAuth>
  /**
   * Requests the secret for the requests that `prepared` authenticates.
   *
   * A refresh calls it before it takes the lease, because a slow key service must not delay a request after that.
   */
  prepare(): Promise<void>
  /** Returns the prepared secret. If it is old, requests the current one. */
  prepared(): ClientAuth | Promise<ClientAuth>
  /** Calls functions of the application for another purpose than the authentication, with the same rules. */
  readonly ask: AuthenticationContext['ask']
  /** Resolves to the secret as text, which is the key of HS256. `undefined` if there is none. */
  secret(): Promise<string | undefined>
}

/** The share of the time of a caller that a key service may take. The caller must still be there to get the error. */
const KEY_SERVICE_SHARE = 0.5
/** How long a prepared secret is used, in milliseconds. A refresh can wait in line after it has prepared. */
const PREPARED_MS = 60_000

export function createClientAuthenticator(
  options: ClientAuthenticatorOptions,
  fetchMetadata: AuthenticationContext['fetchMetadata'],
): ClientAuthenticator {
  const { authentication, clock, serverTimeoutMs } = options
  const {
    authenticate,
    isFixed,
    readSecret,
    methodFor = () => authentication.method,
  } = mechanismOf(authentication)
  const pause = createFailurePause(options)
  const context = { ...options, fetchMetadata, ask }
  let latest = isFixed && { clientAuth: authenticate(context) as ClientAuth, at: Infinity }

  /** The function of the application can throw any error, such as one of Evertoken with a secret in its text. */
  async function ask<T>(
    work: () => Promise<T | undefined>,
    timeoutMs = serverTimeoutMs * KEY_SERVICE_SHARE,
  ): Promise<T> {
    const paused = pause.error()
    if (paused !== undefined) throw paused
    return pause.run(async () => {
      let late: Error | undefined
      const received = withDeadline(work(), timeoutMs, clock, () => {
        return (late = keyServiceUnavailable(`took longer than ${timeoutMs / 1000} s`))
      })
      const value = await received.catch((error: unknown) => {
        throw late ?? keyServiceUnavailable('failed', redact(error))
      })
      if (!value) throw keyServiceUnavailable('returned nothing')
      return value
    })
  }

  return {
    methodFor,
    ask,
    request: async () => authenticate(context),
    async prepare() {
      if (isFixed) return
      latest = { clientAuth: await authenticate(context, undefined, AFTER_LEASE_MS), at: clock.elapsed() }
    },
    prepared() {
      if (latest && clock.elapsed() - latest.at < PREPARED_MS) return latest.clientAuth
      return authenticate(context, AFTER_LEASE_MS, AFTER_LEASE_MS)
    },
    secret: async () => readSecret && ask(async () => readSecret()),
  }
}

/** @param what - How the function of the application has failed: a text from Evertoken, never from the key service. */
function keyServiceUnavailable(what: string, cause?: RedactedCause): OperatorError {
  const message = `The function for the client secret or key ${what}. Try again later.`
  return new OperatorError('key_service_unavailable', message, { cause, retryAfterSeconds: 1 })
}

/** Options of the methods that send a client secret. */
export interface SecretRules {
  /** Whether the credentials in the `Authorization` header are form-encoded, as the standard requires. */
  readonly basicCredentials: 'encoded' | 'plain'
}

/** Returns how one request is authenticated with a secret in the `Authorization` header. */
export function inHeader({ basicCredentials }: SecretRules): (secret: string) => ClientAuth {
  const encode = basicCredentials === 'plain' ? (value: string) => value : formEncode
  return (secret) => {
    const password = encode(secret)
    return (_server, { client_id: id }, _body, headers) => {
      const bytes = new TextEncoder().encode(`${encode(id)}:${password}`)
      headers.set('authorization', `Basic ${btoa(String.fromCharCode(...bytes))}`)
    }
  }
}

/** Encodes a value as in a form (RFC 6749 §2.3.1). */
function formEncode(value: string): string {
  return String(new URLSearchParams({ '': value })).slice(1)
}
