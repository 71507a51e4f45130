import { createManualClock, type ManualClock } from '@evertoken/testkit'
import { createServerClock, type ServerClock } from '../../src/mechanisms/protocol/server-clock.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { EvertokenEvent } from '../../src/vocabulary/index.ts'

/** A server clock that has not seen a `Date` yet, so that all times are those of the wall clock. */
export function createBlankServerClock(clock: Clock): ServerClock {
  return createServerClock({ clock, emit: () => undefined, request: () => Promise.resolve() })
}

export interface ServerClockBench {
  readonly clock: ManualClock
  readonly serverClock: ServerClock
  readonly events: EvertokenEvent[]
  /** How often the server was asked for its time. */
  requests(): number
  /** Lets the clock see a response with the `Date` of this moment, in seconds since the epoch. */
  see(date: number | string, tripMs?: number, headers?: Record<string, string>): void
  /** By how many seconds the time that it reads is ahead of the true time. */
  error(): number | undefined
}

/** @param dateOf - The response of the server, in seconds since the epoch; `undefined` for no `Date`. */
export function createServerClockBench(
  dateOf: (trueTime: number) => number | undefined = (trueTime) => trueTime,
): ServerClockBench {
  const clock = createManualClock()
  const events: EvertokenEvent[] = []
  const startedAt = clock.now()
  let requests = 0
  const trueTime = () => startedAt + clock.elapsed() / 1000

  function see(date: number | string, tripMs = 20, headers: Record<string, string> = {}): void {
    const text = typeof date === 'string' ? date : new Date(date * 1000).toUTCString()
    serverClock.observe(new Headers({ date: text, ...headers }), tripMs)
  }

  const serverClock = createServerClock({
    clock,
    emit: (event) => void events.push(event),
    async request() {
      requests++
      await Promise.resolve()
      const date = dateOf(trueTime())
      if (date !== undefined) see(date)
    },
  })
  return {
    clock,
    serverClock,
    events,
    requests: () => requests,
    see,
    error() {
      const { server } = serverClock.read()
      return server === undefined ? undefined : server - trueTime()
    },
  }
}
