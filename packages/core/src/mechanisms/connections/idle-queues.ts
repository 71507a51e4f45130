import type { Clock } from '../../ports/clock.ts'
import {
  afterFailure,
  afterStart,
  afterSuccess,
  INITIAL_PACE,
  isRefusing,
  type ProviderPace,
  waitMs,
} from '../../rules/connections/provider-pace.ts'
import { compareListings, type ListingPosition } from '../../rules/connections/refresh-listing.ts'
import { EvertokenError, type RedactedCause } from '../../vocabulary/index.ts'

/** The pace of each provider. The runs of a process share it. */
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
export interface Unvisited {
  /** The first one, because the run was cut. */
  readonly first: ListingPosition | undefined
  /** Seconds after which the first of the providers that refuse accepts requests again. */
  readonly retryAfterSeconds: number | undefined
}

/** Refreshes the grants of each provider independently, so that a provider that is slow or refuses does not delay the others. */
export interface IdleQueues {
  /** Whether a provider refuses requests for so long that its grants are left to another run. */
  isRefusing(provider: string): boolean
  /** Adds a grant. Its refresh starts as soon as the pace of the provider permits. */
  push(provider: string, position: ListingPosition): void
  /** Waits for all refreshes. */
  finish(): Promise<Unvisited>
}

interface Queue {
  readonly provider: string
  /** Only places, and not records, because one run can find very many. */
  readonly positions: ListingPosition[]
  next: number
  workers: number
}

/** The refreshes of a run at one provider at the same time. */
export const PARALLEL_REFRESHES = 8
/** How often a run that waits checks whether it must stop, in milliseconds. */
const LOOK_MS = 1000

export function createIdleQueues(options: IdleQueuesOptions): IdleQueues {
  const { clock, paces, refreshesPerMinute, refresh, isCut, signal } = options
  const queues = new Map<string, Queue>()
  const working = new Set<Promise<void>>()
  const paceOf = (provider: string) => paces.get(provider) ?? INITIAL_PACE
  const change = (provider: string, to: (pace: ProviderPace) => ProviderPace) =>
    paces.set(provider, to(paceOf(provider)))

  /** Resolves to the next grant when its refresh can start, or to `undefined` if none can. */
  async function takeNext(queue: Queue): Promise<ListingPosition | undefined> {
    const { provider, positions } = queue
    while (queue.next < positions.length && !isCut()) {
      const now = clock.elapsed()
      const pace = paceOf(provider)
      if (isRefusing(pace, now)) return undefined
      const ms = waitMs(pace, now)
      if (ms === 0) {
        change(provider, (current) => afterStart(current, now, refreshesPerMinute))
        return positions[queue.next++]
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
    isRefusing: (provider) => isRefusing(paceOf(provider), clock.elapsed()),
    push(provider, position) {
      const queue = queues.get(provider) ?? { provider, positions: [], next: 0, workers: 0 }
      queues.set(provider, queue)
      queue.positions.push(position)
      if (queue.workers < PARALLEL_REFRESHES) startWorker(queue)
    },
    async finish() {
      while (working.size > 0) await Promise.all(working)
      const now = clock.elapsed()
      const left = [...queues.values()].filter(({ next, positions }) => next < positions.length)
      const isCutHere = isCut()
      const isLater = ({ provider }: Queue) => !isCutHere || isRefusing(paceOf(provider), now)
      const firsts = left
        .filter((queue) => !isLater(queue))
        .flatMap(({ positions, next }) => positions[next] ?? [])
      const waits = left.filter(isLater).map(({ provider }) => waitMs(paceOf(provider), now) / 1000)
      return {
        first: firsts.toSorted(compareListings)[0],
        retryAfterSeconds: waits.length > 0 ? Math.max(1, Math.ceil(Math.min(...waits))) : undefined,
      }
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
