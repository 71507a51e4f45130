import { createBoundedMap } from '../../mechanisms/runtime/bounded-map.ts'
import { SignInRequiredError } from '../../vocabulary/index.ts'
import { invalid } from '../checks.ts'
import { bindLate, isSameRegistration, LATE_BOUND } from '../../rules/registrations/reuse.ts'
import type { ConnectionHost } from './connection-host.ts'
import { createProviderClient, type ProviderClient } from './provider-client.ts'
import { type LookUp, withResolverCall } from './resolver-host.ts'
import type {
  ConnectionContext,
  ConnectionProvider,
  ConnectionProviderResolver,
  ConnectionProviders,
} from './provider-options.ts'

export interface ProviderClients {
  /**
   * @param lookUp - Lets a function look the provider up. With a redirect URI, it is called also if its result is known.
   * @param grantClientId - The client of the grant, if the known result is another one. The function is called again, because
   * another process can have changed the client.
   * @throws What the function of the application throws, a {@link ConfigurationError} for an invalid result, and a
   * {@link SignInRequiredError} if it returns nothing.
   */
  clientFor(
    provider: string,
    context: ConnectionContext,
    lookUp?: LookUp,
    grantClientId?: string,
  ): ProviderClient | Promise<ProviderClient>
  /** Returns the client of a provider that is not a function. */
  knownClient(provider: string): ProviderClient | undefined
  /** Whether a function of the application returns the provider. */
  isResolved(provider: string): boolean
  /** Forgets what the function of the application returned, because the server has refused the client. */
  forget(provider: string, context: ConnectionContext): void
}

interface Resolved {
  readonly client: ProviderClient
  /** When the function was called, by the monotonic clock in milliseconds. */
  readonly at: number
  /** Whether the server has refused the client since then. */
  readonly isRefused?: boolean
  /** The client of the grant for which the function was called again. */
  readonly grantClientId?: string | undefined
}

interface SharedClient {
  readonly client: ProviderClient
  /** The latest result of the function, whose functions are called. */
  provider: ConnectionProvider
}

const RESOLVED_MS = 300_000
/** How long a result is kept although the server refuses it or the grant is of another client, so that each request does not call the function. */
const REFUSED_MS = 30_000
const MAX_RESOLVED = 10_000
const MAX_CLIENTS = 1000

/**
 * Creates the clients of all providers.
 *
 * A function is called once for each owner and label within 5 minutes. Results that are equal share one client, with its
 * metadata, its clock and its line of requests.
 */
export function createProviderClients(providers: ConnectionProviders, host: ConnectionHost): ProviderClients {
  const { clock } = host
  const fixed = new Map<string, ProviderClient>()
  const resolved = createBoundedMap<string, Resolved>(MAX_RESOLVED)
  const clients = createBoundedMap<string, SharedClient>(MAX_CLIENTS)
  for (const [name, provider] of Object.entries(providers))
    if (typeof provider !== 'function') fixed.set(name, createProviderClient(name, provider, host))

  const keyOf = (name: string, { owner, label }: ConnectionContext) => JSON.stringify([name, owner, label])

  async function resolve(
    name: string,
    context: ConnectionContext,
    lookUp: LookUp | undefined,
    grantClientId: string | undefined,
  ): Promise<ProviderClient> {
    const key = keyOf(name, context)
    const earlier = resolved.get(key)
    const refusedClientId = earlier?.isRefused ? earlier.client.values.clientId : undefined
    const origin = host.findOrigin()
    const call = { ...host, origin, provider: name, lookUp, refusedClientId, grantClientId }
    const provider = await (providers[name] as ConnectionProviderResolver)(withResolverCall(context, call))
    if (!provider) throw notConnected()
    const id = JSON.stringify([name, provider.server?.issuer ?? provider.issuer, provider.clientId])
    const known = clients.get(id)
    const isKnown = known && isSameRegistration(known.provider, provider, LATE_BOUND)
    const shared = isKnown ? known : createSharedClient(name, provider, host)
    if (shared.client.values.ownerFrom)
      throw invalid(`providers.${name}.ownerFrom`, 'must be absent, because the function gets the owner')
    shared.provider = provider
    clients.set(id, shared)
    resolved.set(key, { client: shared.client, at: clock.elapsed(), grantClientId })
    return shared.client
  }

  const ageOf = (found: Resolved) => clock.elapsed() - found.at

  return {
    clientFor(name, context, lookUp, grantClientId) {
      const known = fixed.get(name)
      if (known) return known
      const key = keyOf(name, context)
      const found = resolved.get(key)
      const keptMs = found?.isRefused || grantClientId !== undefined ? REFUSED_MS : RESOLVED_MS
      const isUsable = grantClientId === undefined || found?.grantClientId === grantClientId
      if (found && isUsable && lookUp?.redirectUri === undefined && ageOf(found) < keptMs) return found.client
      const work = () => resolve(name, context, lookUp, grantClientId)
      const variant = JSON.stringify([lookUp, grantClientId])
      return host.flights.join(`provider ${key}`, variant, work, clock).result
    },
    knownClient: (name) => fixed.get(name),
    isResolved: (name) => Object.hasOwn(providers, name) && !fixed.has(name),
    forget(name, context) {
      const key = keyOf(name, context)
      const found = resolved.get(key)
      if (found) resolved.set(key, { ...found, isRefused: true })
    },
  }
}

function notConnected(): SignInRequiredError {
  return new SignInRequiredError('not_connected', 'The owner has not connected it.')
}

function createSharedClient(name: string, provider: ConnectionProvider, host: ConnectionHost): SharedClient {
  const client = createProviderClient(
    name,
    bindLate(provider, () => shared.provider),
    host,
  )
  const shared: SharedClient = { client, provider }
  return shared
}
