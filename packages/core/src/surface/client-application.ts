import { PARAMETER_NAMES } from './token-parameter-checks.ts'
import { createLine } from '../mechanisms/refresh/line.ts'
import { randomId } from '../mechanisms/runtime/digest.ts'
import { systemClock, systemRandom } from '../mechanisms/runtime/system-clock.ts'
import { createSeal } from '../mechanisms/sessions/seal.ts'
import { createGuardedStore } from '../mechanisms/stores/guarded-store.ts'
import { createTokenMemory } from '../mechanisms/client-tokens/token-memory.ts'
import { omitUndefined, pick } from '../rules/members.ts'
import type { Runtime } from '../ports/runtime.ts'
import { checkClientOptions } from './client-option-checks.ts'
import type { ClientTokensOptions } from './client-options.ts'
import { createClientServer } from './client-server.ts'
import { clientCredentials, createTokensOf } from './client-credentials.ts'
import { createWorkTracker, type WorkTracker } from './drain.ts'
import { createEmitter } from './emitter.ts'
import type { SourceContext } from './token-source.ts'

/** A service that calls APIs as itself. */
export interface ClientApplication {
  /** The parts that token sources use. */
  readonly context: SourceContext
  /** The work in progress, for `drain`. */
  readonly work: WorkTracker
}

/**
 * Creates the parts of a service without users that its invocations share. Adapters call it.
 *
 * @param options - The options of `createClientTokens`.
 * @param runtime - The functions of the runtime.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const service = { issuer: 'https://login.example.com', clientId: 'service', clientSecret: 'secret' }
 *   const application = createClientApplication(service, runtime)
 *   const { getClientAccessToken } = connectClientTokens(application)
 */
export function createClientApplication(
  options: ClientTokensOptions,
  runtime: Pick<Runtime, 'flights' | 'keepAlive' | 'pollMs'>,
): ClientApplication {
  const { values, profile, authentication } = checkClientOptions(options)
  const { clock = systemClock } = values
  const [emit, random] = [createEmitter(values.onEvent), systemRandom]
  const serverTimeoutMs = values.serverTimeoutSeconds * 1000
  const storeTimeoutMs = values.storeTimeoutSeconds * 1000
  const { clientId, senderConstraint, insecureHosts, fetch } = values
  const { connection, server, serverClock } = createClientServer({
    profile,
    clientId,
    authentication,
    senderConstraint,
    insecureHosts,
    fetch,
    clock,
    emit,
    random,
    flights: runtime.flights,
    serverTimeoutMs,
  })
  const given = values.store ?? createTokenMemory(clock)
  // In the memory of the process, the tokens need no secret that anyone has to remember.
  const secrets = [values.encryptionSecret ?? randomId()].flat() as [string, ...string[]]
  const work = createWorkTracker(clock, emit)
  const context: SourceContext = {
    createTokens: (grant, acquisition, own) => createTokensOf({ ...context, line: own }, grant, acquisition),
    issuer: profile.issuer,
    clientId,
    insecureHosts,
    fetch,
    basePath: '',
    connection,
    server,
    store: createGuardedStore({ store: given, clock, emit, storeTimeoutMs, random }),
    isStorePrivate: given.outlivesProcess === false,
    sealFor: (purpose, owner) => createSeal(secrets, `${purpose} ${owner}`),
    flights: runtime.flights,
    line: createLine({ clock, random, pollMs: runtime.pollMs }),
    clock,
    serverClock,
    emit,
    random,
    refreshBeforeExpirySeconds: values.refreshBeforeExpirySeconds,
    serverTimeoutMs,
    storeTimeoutMs,
    admits: work.admits,
    keepAlive: work.tracking(runtime.keepAlive),
    client: clientCredentials(omitUndefined(pick(values, PARAMETER_NAMES))),
  }
  return { context, work }
}
