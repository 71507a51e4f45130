import { type SessionRecord, toTombstone } from '../../model/session-record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionHandle } from '../../ports/session-handle.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'
import { untilWon } from '../stores/until-won.ts'
import type { BrowserCookie } from './browser-cookie.ts'
import { findGrant } from './find-grant.ts'
import { isStoreFailure } from './pending-sign-outs.ts'
import type { Created, MakeRecord, SessionStart, SessionStrategy } from './session-strategy.ts'

export interface ReplaceSessionOptions {
  readonly strategy: SessionStrategy
  readonly cookie: BrowserCookie
  readonly clock: Clock
  readonly emit: EventListener
  readonly keepAlive: KeepAlive
}

/**
 * Stores a new session and ends the previous one. The new session may continue the grant of the previous one.
 *
 * If the new session has its own grant, it is kept even if the previous one cannot be ended.
 */
export async function replaceSession(
  make: MakeRecord,
  previous: SessionHandle | undefined,
  { list, isSameUser }: SessionStart,
  options: ReplaceSessionOptions,
): Promise<Created> {
  const { strategy, cookie, clock, keepAlive } = options
  const create: Create = (continued, prepared) =>
    strategy.create(
      (id, maxRecordBytes) => make(id, maxRecordBytes, continued),
      keepAlive,
      async (started) => {
        cookie.check(started.cookie)
        await list?.(started.record)
        prepared?.(started.record.id)
      },
    )
  // No other registration can decrypt the session, so none could find the grant again.
  if (previous && isSameUser && previous.owner === undefined) {
    const find = () => findGrant(previous, isSameUser, strategy, clock)
    const created = await continueGrant(find, create, options)
    if (created) return created
  }
  const created = await create()
  if (previous) {
    const { ended } = await strategy.pending.end(previous, () => previous.end('replaced'))
    keepAlive(ended.then((session) => session?.finish(false)).catch(() => undefined))
  }
  return created
}

/** @param prepared - Receives the ID of the session just before it is stored. */
type Create = (continued?: SessionRecord, prepared?: (id: string) => void) => Promise<Created>

/**
 * Moves a grant to a new session.
 *
 * The new session is stored first. No browser has it yet. The swap that then ends the other session names the new one, and
 * succeeds only if the other session is unchanged. So each refresh token has one session that can use it, and a failure
 * loses none.
 *
 * @returns `undefined` if there is no grant to continue.
 */
async function continueGrant(
  find: () => ReturnType<typeof findGrant>,
  create: Create,
  { strategy, emit, keepAlive }: ReplaceSessionOptions,
): Promise<Created | undefined> {
  return untilWon(async () => {
    const grant = await find()
    if (!grant) return undefined
    const { handle, seen, record } = grant
    let successor: string | undefined
    try {
      const created = await create(record, (id) => (successor = id))
      successor = created.record.id
      const mayEnd = (current: SessionRecord) => current === seen.record
      const ended = await handle.end('replaced', false, { seen, mayEnd, successor })
      if (ended && !ended.record.ended) keepAlive(ended.finish(false))
      else if (await withdraw(strategy.stored(successor), handle)) return 'again'
      return created
    } catch (error) {
      if (successor !== undefined && isStoreFailure(error)) keepAlive(settle(successor, handle))
      throw error
    }
  })

  /** Completes a sign-in that failed because of the store. The browser still has the cookie of the previous session. */
  async function settle(successor: string, from: SessionHandle): Promise<void> {
    const work = () => withdraw(strategy.stored(successor), from)
    if (await strategy.pending.retry(work).catch(() => false)) return
    emit({ type: 'refresh_token_lost', session: fingerprint(from.key), reason: 'store_unavailable' })
  }
}

/**
 * Removes a session that has the refresh token of another one, unless it is its successor.
 *
 * @returns Whether the other session was not ended in its favor.
 */
async function withdraw(copy: SessionHandle, from: SessionHandle): Promise<boolean> {
  return untilWon(async () => {
    const current = await from.readIncludingEnded()
    if (current?.record.successor === copy.key) return false
    // After this swap, one whose response is missing can no longer end the session.
    if (current && !current.record.ended && (await from.swap(current, current.record)) === 'again')
      return 'again'
    const copied = await copy.readIncludingEnded()
    if (!copied || copied.record.ended) return true
    return (await copy.swap(copied, toTombstone(copied.record, 'replaced'))) === 'again' ? 'again' : true
  })
}
