import type { Clock } from '../../ports/clock.ts'
import { OperatorError } from '../../vocabulary/index.ts'
import { LISTEN_MS } from '../http.ts'

const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 1000

/**
 * Repeats work while the store fails, for as long as Evertoken waits for a response.
 *
 * @throws The last failure of the store, or any other error immediately.
 */
export async function retryStore<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const startedAt = clock.elapsed()
  for (let pauseMs = 0; ; pauseMs = Math.min(Math.max(pauseMs * 2, FIRST_PAUSE_MS), MAX_PAUSE_MS)) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof OperatorError) || clock.elapsed() - startedAt > LISTEN_MS) throw error
    }
    if (pauseMs > 0) await clock.sleep(pauseMs)
  }
}
