import type { Clock } from '../../ports/clock.ts'
import type { EndedSession, SessionHandle } from '../../ports/session-handle.ts'
import type { SessionRecord } from '../../model/session-record.ts'
import { type EventListener, OperatorError } from '../../vocabulary/index.ts'
import { withDeadline } from '../runtime/deadline.ts'
import { fingerprint } from '../runtime/digest.ts'

/** How long a sign-out waits for the session store or the authorization server before it responds, in milliseconds. */
export const SIGN_OUT_WAIT_MS = 2000

/** The end of one session, which the store might not have confirmed yet. */
export interface SignOut {
  readonly key: string
  /** The session that the cookie of the browser carries, if it carries one. */
  readonly carried: SessionRecord | undefined
  readonly isConfirmed: boolean
  /** Resolves when the store has confirmed the end. Rejects if Evertoken stops trying. */
  readonly ended: Promise<EndedSession | undefined>
}

/** Completes sign-outs in the background when the session store fails or is slow. */
export interface PendingSignOuts {
  /** Whether an attempt to end the session has failed. The session must not be used any longer. */
  readonly has: (key: string) => boolean
  /**
   * Ends a session. Waits at most `SIGN_OUT_WAIT_MS` and then continues in the background.
   *
   * @param end - Makes one attempt. It must complete an attempt whose result was lost.
   * @throws An error that is not a failure of the store.
   */
  end(
    handle: Pick<SessionHandle, 'key' | 'carried'>,
    end: () => Promise<EndedSession | undefined>,
  ): Promise<SignOut>
  /** Repeats work until the store has confirmed it. Rejects with the last failure after 10 minutes. */
  retry<T>(work: () => Promise<T>, first?: Promise<T>): Promise<T>
}

const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000
const GIVE_UP_MS = 600_000
/** Each pending sign-out needs about 1 KB. If more are pending, the store has failed for all users. */
const MAX_PENDING = 1000

export function createPendingSignOuts(clock: Clock, emit: EventListener | undefined): PendingSignOuts {
  const keys = new Set<string>()
  let retrying = 0

  const retry: PendingSignOuts['retry'] = async (work, first = work()) => {
    if (retrying >= MAX_PENDING) return first
    retrying++
    try {
      return await repeat(work, first)
    } finally {
      retrying--
    }
  }

  async function repeat<T>(work: () => Promise<T>, first: Promise<T>): Promise<T> {
    const startedAt = clock.elapsed()
    let attempt = first
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      try {
        return await attempt
      } catch (error) {
        if (!isStoreFailure(error) || clock.elapsed() + pauseMs - startedAt > GIVE_UP_MS) throw error
      }
      await clock.sleep(pauseMs)
      attempt = work()
    }
  }

  return {
    has: keys.has.bind(keys),
    retry,
    async end({ key, carried }, end) {
      const first = end()
      try {
        const ended = await withDeadline(first, SIGN_OUT_WAIT_MS, clock, storeTooSlow)
        return { key, carried, isConfirmed: true, ended: Promise.resolve(ended) }
      } catch (error) {
        if (!isStoreFailure(error)) throw error
      }
      first.catch(() => keys.add(key))
      const ended = retry(end, first).finally(() => keys.delete(key))
      ended.catch(() =>
        emit?.({
          type: 'sign_out_incomplete',
          session: fingerprint(key),
          parts: ['session'],
          retrying: false,
        }),
      )
      return { key, carried, isConfirmed: false, ended }
    },
  }
}

export function storeTooSlow(): OperatorError {
  const message = 'The session store did not respond. Try again later.'
  return new OperatorError('store_unavailable', message, { retryAfterSeconds: 1 })
}

/** Whether the same work can succeed later. */
export function isStoreFailure(error: unknown): boolean {
  return error instanceof OperatorError && error.code === 'store_unavailable'
}
