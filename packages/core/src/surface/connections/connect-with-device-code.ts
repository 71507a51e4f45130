import { accessDenied, authorizationExpired } from '../../handlers/connections/connect-context.ts'
import { grantParameters, storeConnection } from '../../handlers/connections/connection-grant.ts'
import {
  type DeviceClient,
  pollDeviceCode,
  requestDeviceCode,
} from '../../mechanisms/protocol/device-grant.ts'
import type { SignInGrant } from '../../ports/authorization-server.ts'
import type { Clock } from '../../ports/clock.ts'
import { type DeviceAuthorization, nextInterval } from '../../rules/protocol/device-authorization.ts'
import { unlessAborted } from '../bound-session.ts'
import { abortSignal, type Checked, checkAll, hook, type OptionTable, REQUIRED } from '../checks.ts'
import { TOKEN_PARAMETERS } from '../token-parameter-checks.ts'
import { createConnectClient, createConnectProvider } from './connect-provider.ts'
import { splitName } from './connection-names.ts'
import { type ConnectableConnection, connectionPartsOf } from './connection-parts.ts'

/** The code that the user enters on another device. */
export interface UserCode {
  /** The code to show. It has no control characters. */
  readonly userCode: string
  /** The address to show, on https or on loopback. */
  readonly verificationUri: string
  /** The address with the code, for a link or a QR code. `undefined` if the server has none. */
  readonly verificationUriComplete: string | undefined
  /** When the code expires, in seconds since the epoch. */
  readonly expiresAt: number
}

/** Options of `connectWithDeviceCode`. */
export interface DeviceCodeOptions {
  /** Shows the code to the user. Evertoken waits for it before it asks whether the user has decided. */
  readonly onUserCode: (code: UserCode) => void | Promise<void>
  /** Further scope, in addition to that of the provider and that already granted. Values are separated by spaces. */
  readonly scope?: string
  /** Ends the attempt. Nothing is stored after that. */
  readonly signal?: AbortSignal
}

type DeviceCodeValues = Checked<DeviceCodeOptions, 'scope' | 'signal'>

const OPTIONS: OptionTable<DeviceCodeValues> = {
  onUserCode: [hook, REQUIRED],
  scope: TOKEN_PARAMETERS.scope,
  signal: [abortSignal],
}

/**
 * Connects an account with a code that the user enters in the browser of any device, for terminals without a browser.
 *
 * Asks the authorization server regularly whether the user has decided. The server names the interval.
 *
 * @param connection - The result of `connections.get()`.
 * @param options - Shows the code. `signal` ends the attempt.
 * @returns When the grant is stored.
 * @throws {RequestRefusedError} `access_denied` if the user declines, `authorization_expired` if the code expires, and
 *   `account_mismatch` if the user signs in with another account. The earlier grant is kept.
 * @throws {ConfigurationError} If an option is invalid, or the server rejects the client or has no device grant.
 * @throws {TryLaterError} If the server issues no code now.
 * @example
 *   await connectWithDeviceCode(connection, {
 *     onUserCode: ({ userCode, verificationUri }) => console.log(`Open ${verificationUri} and enter ${userCode}.`),
 *   })
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3 RFC 8628, section 3: Protocol}
 */
export async function connectWithDeviceCode(
  connection: ConnectableConnection,
  options: DeviceCodeOptions,
): Promise<void> {
  const { onUserCode, scope: furtherScope, signal } = checkAll<DeviceCodeValues>(OPTIONS, options)
  const { application, keepAlive } = connectionPartsOf(connection)
  const { host, clients } = application
  const { clock, emit, insecureHosts } = host
  const { owner, name } = connection
  const { provider, label } = splitName(name)
  const { reportFailure } = createConnectProvider(application, provider, '', keepAlive)

  async function run(): Promise<void> {
    const context = { owner, label }
    const client = await clients.clientFor(provider, context, {})
    const forget = () => clients.forget(provider, context)
    const target = createConnectClient(application, { owner, name }, client, forget, keepAlive)
    const parameters = await grantParameters(target, furtherScope)
    const codes = await requestDeviceCode(client, parameters, insecureHosts)
    signal?.throwIfAborted()
    const { userCode, verificationUri, verificationUriComplete, expiresInSeconds } = codes
    const expiresAt = Math.floor(clock.now() + expiresInSeconds)
    await onUserCode({ userCode, verificationUri, verificationUriComplete, expiresAt })
    const grant = await waitForUser(client, codes, clock, signal)
    signal?.throwIfAborted()
    const requested = parameters.get('scope') ?? undefined
    await host.work.track(storeConnection(target, grant, requested, emit))
  }

  signal?.throwIfAborted()
  const attempt = run().catch((error: unknown) => {
    signal?.throwIfAborted()
    throw reportFailure(error)
  })
  return signal ? unlessAborted(attempt, signal) : attempt
}

/** @throws {RequestRefusedError} If the user declines, or does not decide in time. */
async function waitForUser(
  client: DeviceClient,
  { deviceCode, expiresInSeconds, intervalSeconds }: DeviceAuthorization,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<SignInGrant> {
  const deadline = clock.elapsed() + expiresInSeconds * 1000
  const proofKey = await client.connection.binding?.createKey()
  let interval = intervalSeconds
  let pause = interval
  for (;;) {
    await clock.sleep(Math.min(pause * 1000, Math.max(0, deadline - clock.elapsed())), signal)
    signal?.throwIfAborted()
    if (clock.elapsed() >= deadline) throw authorizationExpired()
    const result = await pollDeviceCode(client, deviceCode, proofKey)
    if ('grant' in result) return result.grant
    if ('refusal' in result) throw result.refusal === 'denied' ? accessDenied() : authorizationExpired()
    interval = nextInterval(interval, result.wait)
    pause = Math.max(interval, result.retryAfterSeconds)
  }
}
