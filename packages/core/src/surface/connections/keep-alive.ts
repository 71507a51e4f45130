import type { ConnectionSnapshot } from '../../mechanisms/connections/connection-store.ts'
import { requestConnectionToken } from '../../mechanisms/connections/connection-tokens.ts'
import type { ProviderPaces } from '../../mechanisms/connections/idle-queues.ts'
import { createRefreshCursor } from '../../mechanisms/connections/refresh-cursor.ts'
import { type IdleRefreshes, MIN_REQUESTS, refreshIdle } from '../../mechanisms/connections/refresh-idle.ts'
import { createRefreshIndex, type RefreshIndex } from '../../mechanisms/connections/refresh-index.ts'
import { fingerprint } from '../../mechanisms/runtime/digest.ts'
import { redact } from '../../mechanisms/runtime/redact.ts'
import type { TokenResult } from '../../mechanisms/refresh/attempt.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { isEvertokenError } from '../../vocabulary/index.ts'
import { type Checked, checkAll, isPositive, must, type OptionTable, REQUIRED, seconds } from '../checks.ts'
import { splitName } from './connection-names.ts'
import {
  createIdleGrants,
  type IdleApplication,
  type IdleGrants,
  type KeepAliveOptions,
} from './keep-alive-value.ts'
import type { ConnectionContext } from './provider-options.ts'

type RunValues = Checked<KeepAliveOptions, 'signal' | 'maxRequests'>

/** Few providers publish their limit for each minute. This is far below those that do. */
const REFRESHES_PER_MINUTE = 600

const OPTIONS: OptionTable<RunValues> = {
  olderThanSeconds: [seconds, REQUIRED],
  signal: [must('be an `AbortSignal`', (signal: object) => signal instanceof AbortSignal)],
  refreshesPerMinute: [must('be a positive number', isPositive), REFRESHES_PER_MINUTE],
  maxRequests: [
    must(
      `be a whole number of at least ${MIN_REQUESTS}`,
      (value: number) => Number.isSafeInteger(value) && value >= MIN_REQUESTS,
    ),
  ],
}

/**
 * Lists connections by the week of their last refresh, so that `connections.keepAlive()` finds unused grants.
 *
 * The store must have an index. Each connection costs at most two further writes to the index in a week.
 *
 * @returns A value for the option `keepAlive` of `createConnections()`.
 * @example
 *   const options = { encryptionSecret, store, keepAlive: keepAlive() } // of `createConnections()`
 *   // In a cron job, each day:
 *   const counts = await connections.keepAlive({ olderThanSeconds: 30 * 86_400 })
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 RFC 9700, section 4.14.2: Refresh Token Protection}
 */
export function keepAlive(): IdleGrants {
  const pacesOf = new WeakMap<RefreshIndex, ProviderPaces>()
  return createIdleGrants({
    createIndex(options) {
      const index = createRefreshIndex(options)
      pacesOf.set(index, new Map())
      return index
    },
    async run(application, options, keepWork) {
      const values = checkAll<RunValues>(OPTIONS, options)
      const index = application.refreshIndex as RefreshIndex
      return runKeepAlive(application, index, pacesOf.get(index) as ProviderPaces, values, keepWork)
    },
  })
}

function runKeepAlive(
  application: IdleApplication,
  index: RefreshIndex,
  paces: ProviderPaces,
  { olderThanSeconds, signal, refreshesPerMinute, maxRequests = Infinity }: RunValues,
  keepWork: KeepAlive,
): Promise<IdleRefreshes> {
  const { host, values, store } = application
  const { clock, seal, admits } = host
  const purpose = [Object.keys(values.providers).toSorted(), olderThanSeconds]
  return refreshIdle(clock.now() - olderThanSeconds, {
    store,
    index,
    cursor: createRefreshCursor({ store: host.store, seal, clock, purpose }),
    clock,
    paces,
    refreshesPerMinute,
    maxRequests,
    signal,
    isCut: () => signal?.aborted === true || !admits(),
    providerOf({ name }) {
      const { provider } = splitName(name)
      return Object.hasOwn(values.providers, provider) ? provider : undefined
    },
    refresh: createIdleRefresh(application, keepWork),
  })
}

/** Creates the function that refreshes one grant. It resolves to whether the grant works. */
function createIdleRefresh(
  application: IdleApplication,
  keepWork: KeepAlive,
): (seen: ConnectionSnapshot) => Promise<boolean> {
  const { host, clients, store, changes, listener, refreshIndex } = application
  const { clock, emit } = host

  /** A failed refresh has its own event. */
  async function findClient(key: string, provider: string, context: ConnectionContext, clientId?: string) {
    try {
      return await clients.clientFor(provider, context, undefined, clientId)
    } catch (error) {
      emit({ type: 'connection_hook_failed', connection: fingerprint(key), cause: redact(error) })
      throw error
    }
  }

  return async (seen) => {
    const { id: key, owner, name, ledger } = seen.record
    const { provider, label } = splitName(name)
    const find = (clientId?: string) => findClient(key, provider, { owner, label }, clientId)
    let flight: Promise<TokenResult> | undefined
    const call = {
      key: '',
      request: {},
      replaced: ledger.tokens['']?.value ?? '',
      keepAlive: keepWork,
      background: (work: Promise<TokenResult>) => void (flight = work),
    }
    const options = {
      store,
      clock,
      listener,
      refreshIndex,
      markBroken: changes.markBroken,
      findClient: find,
      seen,
    }
    const calling = requestConnectionToken({ key, owner, name }, await find(), call, options)
    // A provider that is slow must not get more requests at the same time, so this waits longer than other callers do.
    const result = await calling.catch((error: unknown) => {
      if (flight && isEvertokenError(error) && error.code === 'refresh_pending') return flight
      throw error
    })
    return result.kind === 'token'
  }
}
