import { requestConnectionToken } from '../../mechanisms/connections/connection-tokens.ts'
import { type IdleRefreshes, refreshIdle } from '../../mechanisms/connections/refresh-idle.ts'
import { createRefreshIndex, type RefreshIndex } from '../../mechanisms/connections/refresh-index.ts'
import { fingerprint } from '../../mechanisms/runtime/digest.ts'
import { redact } from '../../mechanisms/runtime/redact.ts'
import type { ConnectionRecord } from '../../model/connection-record.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { type Checked, checkAll, must, type OptionTable, REQUIRED, seconds } from '../checks.ts'
import { splitName } from './connection-names.ts'
import {
  createIdleGrants,
  type IdleApplication,
  type IdleGrants,
  type KeepAliveOptions,
} from './keep-alive-value.ts'
import type { ConnectionContext } from './provider-options.ts'

const OPTIONS: OptionTable<Checked<KeepAliveOptions, 'signal'>> = {
  olderThanSeconds: [seconds, REQUIRED],
  signal: [must('be an `AbortSignal`', (signal: object) => signal instanceof AbortSignal)],
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
  return createIdleGrants({
    createIndex: createRefreshIndex,
    async run(application, options, keepAliveOf) {
      const { olderThanSeconds, signal } = checkAll<Checked<KeepAliveOptions, 'signal'>>(OPTIONS, options)
      return runKeepAlive(application, olderThanSeconds, signal, keepAliveOf)
    },
  })
}

function runKeepAlive(
  application: IdleApplication,
  olderThanSeconds: number,
  signal: AbortSignal | undefined,
  keepWork: KeepAlive,
): Promise<IdleRefreshes> {
  const { host, values, clients, store, changes, listener, refreshIndex } = application
  const { clock, admits, emit } = host
  const handleOptions = { store, clock, listener, refreshIndex, markBroken: changes.markBroken }

  /** A failed refresh has its own event. */
  async function findClient(key: string, provider: string, context: ConnectionContext, clientId?: string) {
    try {
      return await clients.clientFor(provider, context, undefined, clientId)
    } catch (error) {
      emit({ type: 'connection_hook_failed', connection: fingerprint(key), cause: redact(error) })
      throw error
    }
  }

  async function refresh({ id: key, owner, name }: ConnectionRecord, replaced: string): Promise<boolean> {
    const { provider, label } = splitName(name)
    const find = (clientId?: string) => findClient(key, provider, { owner, label }, clientId)
    const client = await find()
    const call = { key: '', request: {}, replaced, keepAlive: keepWork }
    const result = await requestConnectionToken({ key, owner, name }, client, call, {
      ...handleOptions,
      findClient: find,
    })
    return result.kind === 'token'
  }

  return refreshIdle(clock.now() - olderThanSeconds, {
    store,
    index: refreshIndex as RefreshIndex,
    clock,
    providerOf({ name }) {
      const { provider } = splitName(name)
      return Object.hasOwn(values.providers, provider) ? provider : undefined
    },
    refresh,
    isCut: () => signal?.aborted === true || !admits(),
    keepAlive: keepWork,
  })
}
