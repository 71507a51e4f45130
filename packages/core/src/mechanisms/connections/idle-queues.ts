import type { Clock } from '../../ports/clock.ts'
import {
  afterFailure,
  afterStart,
  afterSuccess,
  INITIAL_PACE,
  isForgotten,
  isRefusing,
  type ProviderPace,
  waitMs,
} from '../../rules/connections/provider-pace.ts'
import { firstListing, type ListingPosition } from '../../rules/connections/refresh-listing.ts'
import { EvertokenError, type RedactedCause } from '../../vocabulary/index.ts'
import type { Unvisited } from './refresh-cursor.ts'

/** The pace at each authorization server of each provider. The runs of a process share it. */
export type ProviderPaces = Map<string, ProviderPace>

export interface IdleQueuesOptions {
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>
  readonly paces: ProviderPaces
  readonly refreshesPerMinute: number
  /** Refreshes one grant. Resolves to whether the provider has responded. Rejects if the refresh fails for now. */
  readonly refresh: (position: ListingPosition) => Promise<boolean>
  /** Whether the run must stop. */
  readonly isCut: () => boolean
  /** Wakes the run if it must stop. */
  readonly signal: AbortSignal | undefined
}

/** The connections that no refresh was started for. */
export interface LeftGrants extends Unvisited {
  readonly left: NonNullable<Unvisited['left']>
  /** Seconds after which the first of the providers accepts requests again. Absent if no grant is left. */
  readonly retryAfterSeconds: number | undefined
}

/** Refreshes the grants of each provider independently, so that a provider that is slow or refuses does not delay the others. */
export interface IdleQueues {
  /** Waits until a grant can be added. Resolves to `false` if it must be left to another run. */
  hasRoom(provider: string): Promise<boolean>
  /** Adds a grant. Its refresh starts as soon as the pace of the provider permits. */
  push(provider: string, position: ListingPosition): void
  /** Leaves a grant to another run. */
  leave(provider: string, position: ListingPosition): void
  /** Waits for all refreshes. */
  finish(): Promise<LeftGrants>
}

interface Queue {
  readonly provider: string
  /** The grants that wait, in the order of the lists. */
  readonly positions: ListingPosition[]
  /** The first grant that is left to another run. */
  left: ListingPosition | undefined
  isSlow: boolean
  workers: number
}

/** The refreshes of a run at one provider at the same time. */
export const PARALLEL_REFRESHES = 8
/** The grants of one provider that wait. Then the run stops reading, because it would be cut before most of the refreshes. */
export const MAX_WAITING = 256
/** How long a run waits for a place in the queue of one provider, in milliseconds. After that, it continues with the others. */
const ROOM_MS = 10_000
const ROOM_LOOK_MS = 100
/** How often a run that waits checks whether it must stop, in milliseconds. */
const LOOK_MS = 1000

export function createIdleQueues(options: IdleQueuesOptions): IdleQueues {
  const { clock, paces, refreshesPerMinute, refresh, isCut, signal } = options
  const queues = new Map<string, Queue>()
  const working = new Set<Promise<void>>()
  const paceOf = (provider: string) => paces.get(provider) ?? INITIAL_PACE
  const isRefused = (provider: string) => isRefusing(paceOf(provider), clock.elapsed())
  const change = (provider: string, to: (pace: ProviderPace) => ProviderPace) =>
    paces.set(provider, to(paceOf(provider)))

  function queueOf(provider: string): Queue {
    const known = queues.get(provider)
    if (known) return known
    const queue = { provider, positions: [], left: undefined, isSlow: false, workers: 0 }
    queues.set(provider, queue)
    return queue
  }

  /** Resolves to the next grant when its refresh can start, or to `undefined` if none can. */
  async function takeNext(queue: Queue): Promise<ListingPosition | undefined> {
    const { provider, positions } = queue
    while (positions.length > 0 && !isCut()) {
      const now = clock.elapsed()
      const pace = paceOf(provider)
      if (isRefusing(pace, now)) return undefined
      const ms = waitMs(pace, now)
      if (ms === 0) {
        change(provider, (current) => afterStart(current, now, refreshesPerMinute))
        return positions.shift()
      }
      await clock.sleep(Math.min(ms, LOOK_MS), signal)
    }
    return undefined
  }

  async function work(queue: Queue): Promise<void> {
    const { provider } = queue
    for (let position = await takeNext(queue); position; position = await takeNext(queue)) {
      const startedAt = clock.elapsed()
      try {
        if (await refresh(position)) change(provider, afterSuccess)
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal)
          change(provider, (pace) =>
            afterFailure(pace, startedAt, clock.elapsed(), refusal.retryAfterSeconds),
          )
      }
    }
  }

  function startWorker(queue: Queue): void {
    queue.workers++
    const done = work(queue).finally(() => {
      queue.workers--
      working.delete(done)
    })
    working.add(done)
  }

  return {
    async hasRoom(provider) {
      const queue = queueOf(provider)
      const isFull = () => queue.positions.length >= MAX_WAITING
      const until = clock.elapsed() + ROOM_MS
      while (isFull() && !queue.isSlow && !isRefused(provider) && !isCut()) {
        queue.isSlow = clock.elapsed() >= until
        await clock.sleep(ROOM_LOOK_MS, signal)
      }
      return !isFull() && !isRefused(provider)
    },
    push(provider, position) {
      const queue = queueOf(provider)
      queue.positions.push(position)
      if (queue.workers < PARALLEL_REFRESHES) startWorker(queue)
    },
    leave(provider, position) {
      const queue = queueOf(provider)
      queue.left = firstListing(queue.left, position)
    },
    async finish() {
      while (working.size > 0) await Promise.all(working)
      const now = clock.elapsed()
      const isCutHere = isCut()
      let first: ListingPosition | undefined
      for (const queue of queues.values()) {
        const [next] = queue.positions
        queue.left = firstListing(queue.left, next)
        if (!next || !isCutHere || isRefused(queue.provider)) continue
        // The next run begins here anyway, and must skip none of this provider.
        first = firstListing(first, queue.left)
        queue.left = undefined
      }
      const left = [...queues.values()].flatMap(({ provider, left: position }) =>
        position ? [[provider, position] as const] : [],
      )
      const waits = left.map(([provider]) => waitMs(paceOf(provider), now) / 1000)
      const retryAfterSeconds = waits.length > 0 ? Math.max(1, Math.ceil(Math.min(...waits))) : undefined
      for (const [provider, pace] of paces) if (isForgotten(pace, now)) paces.delete(provider)
      return { first, left, retryAfterSeconds }
    },
  }
}

/** Returns the failure of a request to the provider. Other failures, such as of the store, say nothing about the provider. */
function refusalOf(error: unknown): { readonly retryAfterSeconds: number | undefined } | undefined {
  if (!(error instanceof EvertokenError)) return undefined
  const { url, status } = (error.cause ?? {}) as Partial<RedactedCause>
  if (url === undefined) return undefined
  const isBusy = status === 429 || status === 503
  return { retryAfterSeconds: isBusy ? error.retryAfterSeconds : undefined }
}
