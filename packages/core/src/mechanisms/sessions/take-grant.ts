import type { Clock } from '../../ports/clock.ts'
import type { EndedSession, SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import type { SessionRecord } from '../../model/session-record.ts'

/** How long a sign-in waits for a refresh of the session that it replaces, in milliseconds. */
const MAX_WAIT_MS = 10_000
const POLL_MS = 50

/**
 * Ends a session so that another one can continue its grant. The refresh token is not revoked.
 *
 * The swap that ends the session fixes its refresh token: a refresh that has not started cannot start any more. A refresh
 * in progress is awaited first. Otherwise its new refresh token would arrive at a session that is over, and the refresh
 * token that is taken would be spent.
 *
 * @param isSameUser - Whether a session is of the user who has signed in.
 * @returns `undefined` if the session has no refresh token to take. It has not been ended then.
 * @throws {OperatorError} If the store fails and the session may have a refresh token. The session keeps it.
 */
export async function takeGrant(
  handle: SessionHandle,
  isSameUser: (record: SessionRecord) => boolean,
  clock: Clock,
): Promise<EndedSession | undefined> {
  const startedAt = clock.elapsed()
  const mayTake = (record: SessionRecord) => isSameUser(record) && hasGrant(record)
  const mayEnd = (record: SessionRecord) => mayTake(record) && !isRefreshing(record)
  for (;;) {
    const seen = await read()
    if (!seen || !mayTake(seen.record)) return undefined
    if (!isRefreshing(seen.record)) {
      const ended = await handle.end('replaced', false, { seen, mayEnd })
      if (ended && !ended.record.ended) return ended
    }
    // If the process that refreshes has stopped, its refresh token may be spent.
    if (clock.elapsed() - startedAt >= MAX_WAIT_MS) return undefined
    await clock.sleep(POLL_MS)
  }

  /** During an outage of the store, users whose cookie has no refresh token can still sign in. */
  function read(): Promise<Snapshot | undefined> {
    const { carried } = handle
    return handle.read().catch((error: unknown) => {
      if (!carried || mayTake(carried)) throw error
      return undefined
    })
  }
}

/** Whether a session has a refresh token that the server has not refused. */
function hasGrant({ ledger }: SessionRecord): boolean {
  return ledger.refreshToken !== undefined && ledger.doubt !== 'refused'
}

function isRefreshing({ ledger }: SessionRecord): boolean {
  return ledger.lease !== undefined
}
