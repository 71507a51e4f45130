import type { Clock } from '@evertoken/core'
import { type CapacityOptions, createCapacity, type Load } from './capacity.ts'
import { createRateLimit, type RateLimitOptions } from './rate-limit.ts'
import { type RetryAfter, retryAfterHeader } from './retry-after.ts'

export interface AdmissionOptions {
  readonly capacity: CapacityOptions | undefined
  readonly rateLimit: RateLimitOptions | undefined
  readonly clock: Clock
}

/** Decides which token requests the server processes, and when. */
export interface Admission {
  /** Resolves to the response of `work`, or to a 429 or 503 if the server turns the request away. */
  admit(work: () => Promise<Response>): Promise<Response>
  readonly load: Load
}

export function createAdmission({ capacity: limits, rateLimit, clock }: AdmissionOptions): Admission {
  const capacity = createCapacity(limits ?? { concurrent: Infinity }, clock)
  const isWithinRate = rateLimit ? createRateLimit(rateLimit, clock) : () => true
  let turnedAway = 0

  function turnAway(status: number, retryAfter: RetryAfter | undefined): Response {
    turnedAway += 1
    return new Response(null, { status, headers: retryAfterHeader(retryAfter, clock) })
  }

  return {
    async admit(work) {
      if (!isWithinRate()) return turnAway(429, rateLimit?.retryAfter)
      const response = await capacity.run(work)
      return response === 'full' ? turnAway(limits?.beyond ?? 503, limits?.retryAfter) : response
    },
    get load() {
      return { ...capacity.load, turnedAway }
    },
  }
}
