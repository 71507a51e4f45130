import type { SessionRecord } from '../../model/session-record.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import { OperatorError } from '../../vocabulary/index.ts'
import { settleInBatches } from '../runtime/in-batches.ts'
import {
  finishSession,
  type FinishSessionOptions,
  reportIncomplete,
  unconfirmedParts,
} from './end-session.ts'
import { storeTooSlow } from './pending-sign-outs.ts'
import type { SessionDirectory } from './session-directory.ts'
import type { SessionStrategy } from './session-strategy.ts'
import { isUnreadable } from './sealed-store.ts'

/** The parts of an application that find and end the sessions of a user. */
export interface UserSessionsContext {
  readonly directory: SessionDirectory
  readonly sessions: SessionStrategy
  /** How a session ends. */
  readonly ending: FinishSessionOptions
}

/**
 * Returns the sessions of a user that are not over, without those whose record this application cannot decrypt.
 *
 * @throws {OperatorError} If the store fails. A list in which sessions are missing could not be recognized.
 */
export async function findUserSessions(
  sub: string,
  { directory, sessions }: UserSessionsContext,
): Promise<SessionRecord[]> {
  const results = await settleInBatches(await directory.find({ sub }), async (key) => {
    const handle = sessions.stored(key)
    // A read of this kind reports nothing, because no request uses the session.
    const seen = await handle.readIncludingEnded()
    return seen && isOf(sub, seen) && handle.isUsable(seen) ? [seen.record] : []
  })
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return result.value
    // Applications can share a store.
    if (isUnreadable(result.reason)) return []
    throw result.reason
  })
}

/** Which sessions of the user end. Without both, all of them. */
export interface EndedChoice {
  /** The key of the only session that ends. */
  readonly id?: string | undefined
  /** The key of the session that stays. */
  readonly except?: string | undefined
}

/**
 * Ends sessions of a user, with the same events and revocations as a sign-out. A failure does not stop the others. Skips records
 * that this application cannot decrypt.
 *
 * @returns The number of sessions that have ended.
 * @throws {OperatorError} After all were tried, if some have not ended. An event has reported each of them.
 */
export async function endUserSessions(
  sub: string,
  { id, except }: EndedChoice,
  context: UserSessionsContext,
  keepAlive: KeepAlive,
): Promise<number> {
  const listed = id === undefined ? await context.directory.find({ sub }) : [id]
  const keys = listed.filter((key) => key !== except)
  const results = await settleInBatches(keys, (key) => endIfOf(sub, key, context, keepAlive))
  const count = results.filter((result) => result.status === 'fulfilled' && result.value).length
  const failures = results
    .filter((result) => result.status === 'rejected')
    .map(({ reason }) => reason as unknown)
  const [first] = failures
  if (!(first instanceof OperatorError)) {
    if (failures.length > 0) throw first
    return count
  }
  const message = `${count} sessions have ended, ${failures.length} may not. ${first.message}`
  throw new OperatorError(first.code, message, { retryAfterSeconds: first.retryAfterSeconds })
}

/** Ends one session if it is of the user. Resolves to whether this call has ended it. */
async function endIfOf(
  sub: string,
  key: string,
  { sessions, ending }: UserSessionsContext,
  keepAlive: KeepAlive,
): Promise<boolean> {
  const handle = sessions.stored(key)
  const seen = await readOrReport(handle, ending)
  if (!seen || !(seen.record.ended || isOf(sub, seen))) return false
  let latest: Snapshot | undefined = seen
  const signOut = await sessions.pending.end(handle, () => {
    const condition = { mayEnd: (record: SessionRecord) => isOf(sub, { record }), seen: latest }
    // Only the first attempt can start from this read.
    latest = undefined
    return handle.end('signed_out', ending.revoke, condition)
  })
  const finishing = signOut.ended.then((ended) => ended && finishSession(key, ended, ending))
  // If Evertoken stops trying, an event reports it.
  keepAlive(finishing.catch(() => undefined))
  if (!signOut.isConfirmed) {
    reportIncomplete(key, unconfirmedParts(signOut, ending.revoke), ending.emit, true)
    throw storeTooSlow()
  }
  const ended = await signOut.ended
  return ended !== undefined && !ended.record.ended
}

async function readOrReport(
  handle: SessionHandle,
  { emit }: FinishSessionOptions,
): Promise<Snapshot | undefined> {
  try {
    return await handle.readIncludingEnded()
  } catch (error) {
    // Applications can share a store. A session that the application cannot read is not a session of its user.
    if (isUnreadable(error)) return undefined
    reportIncomplete(handle.key, ['session'], emit, false)
    throw error
  }
}

function isOf(sub: string, { record }: Pick<Snapshot, 'record'>): boolean {
  return record.claims.sub === sub
}
