import { isPromise } from '../runtime/is-promise.ts'
import type { AuthorizationServer as Metadata, ClientAuth } from 'oauth4webapi'
import type { ClientAuthentication, ClientSecret } from '../../ports/client-authentication.ts'
import { OperatorError, type RedactedCause } from '../../vocabulary/index.ts'
import { withDeadline } from '../runtime/deadline.ts'
import { redact } from '../runtime/redact.ts'
import { createFailurePause, type FailurePauseOptions } from './failure-pause.ts'

/**
 * The key of the function of a value that returns how to authenticate one request. The function may ask a key service.
 *
 * It is a global symbol, because a bundler can load this module twice.
 */
const AUTHENTICATE: unique symbol = Symbol.for('evertoken.clientAuthentication.1') as never

/** The key of the function of a value that returns the client secret, if it has one. */
const READ_SECRET: unique symbol = Symbol.for('evertoken.clientSecret.1') as never

/** The key of the function of a value that chooses the method for a server. */
const METHOD_FOR: unique symbol = Symbol.for('evertoken.clientAuthenticationMethod.1') as never

/** Chooses the method for a server with this metadata (RFC 8414 §2). */
export type MethodFor = (metadata: Partial<Metadata>) => string
/** The promise resolves to `undefined` if the application returned no secret. */
type Authenticate = () => ClientAuth | Promise<ClientAuth | undefined>
/** A function does not show the secret if it is printed. */
type ReadSecret = Exclude<ClientSecret, string>

/**
 * Creates a value for the option `clientAuthentication`. If it is printed, only its method is shown.
 *
 * @param methodFor - Chooses the method, if it depends on the server.
 */
export function createClientAuthentication(
  method: string,
  authenticate: Authenticate,
  readSecret?: ReadSecret,
  methodFor: MethodFor = () => method,
): ClientAuthentication {
  const value = Object.defineProperties(
    { method },
    {
      [AUTHENTICATE]: { value: authenticate },
      [READ_SECRET]: { value: readSecret },
      [METHOD_FOR]: { value: methodFor },
    },
  )
  return Object.freeze(value) as object as ClientAuthentication
}

export function isClientAuthentication(value: unknown): value is ClientAuthentication {
  return typeof value === 'object' && value !== null && AUTHENTICATE in value
}

export interface ClientAuthenticatorOptions extends FailurePauseOptions {
  readonly authentication: ClientAuthentication
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
  /** Resolves to the secret as text, which is the key of HS256. `undefined` if there is none. */
  secret(): Promise<string | undefined>
}

/** The share of the time of a caller that a key service may take. The caller must still be there to get the error. */
const KEY_SERVICE_SHARE = 0.5
/** How long a prepared secret is used, in milliseconds. A refresh can wait in line after it has prepared. */
const PREPARED_MS = 60_000

export function createClientAuthenticator(options: ClientAuthenticatorOptions): ClientAuthenticator {
  const { authentication, clock, serverTimeoutMs } = options
  const hidden = authentication as unknown as {
    readonly [AUTHENTICATE]: Authenticate
    readonly [READ_SECRET]: ReadSecret | undefined
    readonly [METHOD_FOR]: MethodFor
  }
  const { [AUTHENTICATE]: authenticate, [READ_SECRET]: readSecret } = hidden
  const pause = createFailurePause(options)
  let latest: { readonly clientAuth: ClientAuth; readonly at: number } | undefined

  async function request(): Promise<ClientAuth> {
    const paused = pause.error()
    if (paused !== undefined) throw paused
    const clientAuth = authenticate()
    return isPromise(clientAuth) ? pause.run(() => receive(clientAuth)) : clientAuth
  }

  /** The function of the application can throw any error, such as one of Evertoken with a secret in its text. */
  async function receive<Received>(work: Promise<Received | undefined>): Promise<Received> {
    const overdue = new Error('The key service is overdue')
    const received = withDeadline(work, serverTimeoutMs * KEY_SERVICE_SHARE, clock, () => overdue)
    const value = await received.catch((error: unknown) => {
      if (error === overdue) throw keyServiceUnavailable('took longer than half of `serverTimeoutSeconds`')
      throw keyServiceUnavailable('failed', redact(error))
    })
    if (!value) throw keyServiceUnavailable('did not return a secret')
    return value
  }

  return {
    methodFor: hidden[METHOD_FOR],
    request,
    async prepare() {
      latest = { clientAuth: await request(), at: clock.elapsed() }
    },
    prepared: () => (latest && clock.elapsed() - latest.at < PREPARED_MS ? latest.clientAuth : request()),
    async secret() {
      const paused = pause.error()
      if (paused !== undefined) throw paused
      return readSecret && pause.run(() => receive(Promise.resolve().then(readSecret)))
    },
  }
}

/** @param what - How the function of the application has failed: a text from Evertoken, never from the key service. */
function keyServiceUnavailable(what: string, cause?: RedactedCause): OperatorError {
  const message = `The function that returns the client secret ${what}. Nothing was sent, so try again later.`
  return new OperatorError('key_service_unavailable', message, { cause, retryAfterSeconds: 1 })
}
