import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionHandle } from '../../ports/session-handle.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'
import { isStoreFailure } from './pending-sign-outs.ts'
import type { BrowserCookie } from './browser-cookie.ts'
import type { Created, MakeRecord, SessionStart, SessionStrategy } from './session-strategy.ts'
import { takeGrant } from './take-grant.ts'

export interface StartSessionOptions {
  readonly strategy: SessionStrategy
  readonly cookie: BrowserCookie
  readonly clock: Clock
  readonly emit: EventListener
  readonly keepAlive: KeepAlive
}

/**
 * Stores a new session and ends the previous one.
 *
 * If the new session continues the grant of the previous one, that one ends first. Otherwise it ends afterwards, and the
 * new session is kept even if that fails.
 */
export async function startSession(
  make: MakeRecord,
  previous: SessionHandle | undefined,
  { list, isSameUser }: SessionStart,
  { strategy, cookie, clock, emit, keepAlive }: StartSessionOptions,
): Promise<Created> {
  const taken = previous && isSameUser && (await takeGrant(previous, isSameUser, clock))
  const create = () =>
    strategy.create(
      (id, maxRecordBytes) => make(id, maxRecordBytes, taken?.record.ledger),
      keepAlive,
      async (created) => {
        cookie.check(created.cookie)
        await list?.(created.record)
      },
    )
  if (!previous || !taken) {
    const created = await create()
    if (previous) await replace(previous)
    return created
  }
  keepAlive(taken.finish(false))
  return create().catch((error: unknown) => {
    if (isStoreFailure(error))
      emit({ type: 'refresh_token_lost', session: fingerprint(previous.key), reason: 'store_unavailable' })
    throw error
  })

  async function replace(handle: SessionHandle): Promise<void> {
    const { ended } = await strategy.pending.end(handle, () => handle.end('replaced'))
    keepAlive(ended.then((session) => session?.finish(false)).catch(() => undefined))
  }
}
