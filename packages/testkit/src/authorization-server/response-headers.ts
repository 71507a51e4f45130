import type { Clock } from '@evertoken/core'
import type { Arrival } from './journal.ts'

/**
 * The `Date` header of responses. A number is an offset to the server's clock in seconds, and `false` omits the header.
 * A function returns any value, or `undefined` to omit it. It receives the honest value.
 */
export type DateHeader = number | false | ((request: Arrival, honest: string) => string | undefined)

/** The `Age` header of responses, in seconds or as a function that returns any value. */
export type AgeHeader = number | ((request: Arrival) => string | undefined)

export interface ResponseHeaders {
  /** The value of `Date` for a response that the server generates now. */
  date(request: Arrival): string | undefined
  /** Adds both headers to a response, unless a scripted response already has them. */
  add(response: Response, request: Arrival, date: string | undefined): Response
}

export function createResponseHeaders(clock: Clock, date: DateHeader = 0, age?: AgeHeader): ResponseHeaders {
  const dateAt = (offsetSeconds: number) => new Date((clock.now() + offsetSeconds) * 1000).toUTCString()
  return {
    date(request) {
      if (date === false) return undefined
      return typeof date === 'number' ? dateAt(date) : date(request, dateAt(0))
    },
    add(response, request, generatedAt) {
      const { headers } = response
      const ageValue = typeof age === 'function' ? age(request) : age
      if (generatedAt !== undefined && !headers.has('date')) headers.set('date', generatedAt)
      if (ageValue !== undefined && !headers.has('age')) headers.set('age', String(ageValue))
      return response
    },
  }
}
