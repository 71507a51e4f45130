import type { Clock } from '@evertoken/core'
import { requireAtLeast, requireWholeNumber } from '../option-checks.ts'
import { createFifoQueue } from './fifo-queue.ts'
import type { RetryAfter } from './retry-after.ts'

/** How many token requests the server processes at the same time. */
export interface CapacityOptions {
  /** Requests that are processed at the same time, at least 1. */
  readonly concurrent: number
  /**
   * Milliseconds that each request takes, on the server's clock. Tokens are issued at the end.
   *
   * @default 0
   */
  readonly processingMs?: number
  /**
   * The number of further requests that wait, first in, first out.
   *
   * @default Infinity
   */
  readonly queue?: number
  /**
   * The status of a request that finds the queue full. It is not processed.
   *
   * @default 503
   */
  readonly beyond?: 429 | 503
  /**
   * `Retry-After` of that response.
   *
   * @default no header
   */
  readonly retryAfter?: RetryAfter
}

/** The load of the token endpoint. */
export interface Load {
  /** Requests that the server processes now. */
  readonly processing: number
  /** Requests that wait now. */
  readonly waiting: number
  /** The most requests that the server processed at the same time. */
  readonly mostProcessing: number
  /** The most requests that waited at the same time. */
  readonly mostWaiting: number
  /** Requests that the server turned away because its queue was full or the rate limit was reached. */
  readonly turnedAway: number
}

export interface Capacity {
  /**
   * Runs the work when there is room for it. A request keeps its place after an abort, because a real server
   * does not notice before it writes the response.
   *
   * @returns The result, or `full` if the queue is full.
   */
  run<T>(work: () => Promise<T>): Promise<T | 'full'>
  readonly load: Omit<Load, 'turnedAway'>
}

export function createCapacity(options: CapacityOptions, clock: Clock): Capacity {
  const { concurrent, processingMs = 0, queue: room = Infinity } = options
  requireWholeNumber('capacity.concurrent', concurrent, 1)
  requireAtLeast('capacity.processingMs', processingMs, 0)
  requireWholeNumber('capacity.queue', room, 0)
  const queue = createFifoQueue<() => void>()
  let processing = 0
  let mostProcessing = 0
  let mostWaiting = 0

  /** Waits for a slot. A slot that becomes free goes to the oldest waiter directly, so that no newcomer overtakes it. */
  function takeSlot(): Promise<void> | undefined {
    if (processing < concurrent) {
      processing += 1
      mostProcessing = Math.max(mostProcessing, processing)
      return undefined
    }
    const turn = new Promise<void>((resolve) => queue.add(resolve))
    mostWaiting = Math.max(mostWaiting, queue.size)
    return turn
  }

  function leaveSlot(): void {
    const next = queue.take()
    if (next) next()
    else processing -= 1
  }

  return {
    async run(work) {
      if (processing >= concurrent && queue.size >= room) return 'full'
      await takeSlot()
      try {
        if (processingMs > 0) await clock.sleep(processingMs)
        return await work()
      } finally {
        leaveSlot()
      }
    },
    get load() {
      return { processing, waiting: queue.size, mostProcessing, mostWaiting }
    },
  }
}
