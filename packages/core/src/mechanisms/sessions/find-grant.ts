import { withDoubt } from '../../model/ledger-transitions.ts'
import type { SessionRecord } from '../../model/session-record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import type { SessionStrategy } from './session-strategy.ts'

/** How long a sign-in waits for a refresh of the session that it replaces, in milliseconds. */
const MAX_WAIT_MS = 10_000
const POLL_MS = 50

/** A session whose grant another session can continue. */
export interface FoundGrant {
  readonly handle: SessionHandle
  readonly seen: Snapshot
  /** The session to continue. Its refresh token is in doubt if a refresh has not ended. */
  readonly record: SessionRecord
}

/**
 * Finds the session that has the grant of a browser now: its previous session, or the one that continues its grant.
 *
 * A refresh in progress is awaited, because it may spend the refresh token. If its process has stopped, the lease stays. The
 * refresh token is then in doubt, as after any lost response.
 *
 * @param isSameUser - Whether a session is of the user who has signed in.
 * @throws {OperatorError} If the store fails and the session may have a refresh token.
 */
export async function findGrant(
  previous: SessionHandle,
  isSameUser: (record: SessionRecord) => boolean,
  { stored }: Pick<SessionStrategy, 'stored'>,
  clock: Clock,
): Promise<FoundGrant | undefined> {
  const startedAt = clock.elapsed()
  const mayContinue = (record: SessionRecord) => isSameUser(record) && hasGrant(record)
  let handle = previous
  for (;;) {
    const seen = await read(handle)
    if (seen?.record.successor !== undefined) {
      // Another tab has signed in, or the response with the cookie of the successor was lost.
      handle = stored(seen.record.successor)
      continue
    }
    if (!seen || !handle.isUsable(seen) || !mayContinue(seen.record)) return undefined
    const { record } = seen
    if (!record.ledger.lease) return { handle, seen, record }
    if (clock.elapsed() - startedAt >= MAX_WAIT_MS)
      return { handle, seen, record: { ...record, ledger: withDoubt(record.ledger) } }
    await clock.sleep(POLL_MS)
  }

  /** During an outage of the store, users whose cookie has no refresh token can still sign in. */
  function read({ carried, readIncludingEnded }: SessionHandle): Promise<Snapshot | undefined> {
    return readIncludingEnded().catch((error: unknown) => {
      if (!carried || mayContinue(carried)) throw error
      return undefined
    })
  }
}

/** Whether a session has a refresh token that the server has not refused. */
function hasGrant({ ledger }: SessionRecord): boolean {
  return ledger.refreshToken !== undefined && ledger.doubt !== 'refused'
}
