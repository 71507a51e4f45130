import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'

/** All times are from the monotonic clock, in milliseconds. */
interface Flight {
  /** The time of the latest start. */
  since: number
  /** The time at which the request that runs the flight last showed that the platform had not ended it. */
  aliveAt: number
  /** Returns or throws the result of the first start that settled. */
  landed?: () => unknown
}

/** Callers that join a flight check it again after this share of its age, so that they learn its result soon. */
const PAUSE_SHARE = 0.1
const MIN_PAUSE_MS = 4
/** A flight can take 1 minute. The callers that join it in that time must not use too much CPU time. */
const MAX_PAUSE_MS = 250
/** How often the request that runs a flight shows that it is alive. Its timers stop when the platform ends it. */
const BEAT_MS = 500
/** A flight that shows no activity for this time is started again. */
const SILENCE_MS = 1500
const MAX_FLIGHTS = 1000

/**
 * Creates single flights for the requests of one isolate.
 *
 * A request cannot await the work of another one, because such a promise never settles after the other request ends.
 * A request that joins a flight therefore polls it with its own timers.
 *
 * @returns A value for the member `flights` of a `Runtime`.
 * @example
 *   const flights = createIsolateFlights()
 *   const runtime = { context: requestContext, flights, pollMs: 25, keepAlive() {} }
 */
export function createIsolateFlights(): Flights {
  const flights = new Map<string, Flight>()

  async function launch<T>(id: string, flight: Flight, start: () => Promise<T>, clock: Clock): Promise<T> {
    flight.since = clock.elapsed()
    flights.delete(id)
    flights.set(id, flight)
    if (flights.size > MAX_FLIGHTS) flights.delete(flights.keys().next().value as string)
    const ended = new AbortController()
    void showLife(flight, clock, ended.signal)
    try {
      const value = await start()
      flight.landed ??= () => value
      return value
    } catch (error) {
      flight.landed ??= () => {
        throw error
      }
      throw error
    } finally {
      ended.abort('landed')
      if (flights.get(id) === flight) flights.delete(id)
    }
  }

  /** Polls a flight. The first caller that notices its silence starts it again. The others watch that start. */
  async function watch<T>(id: string, flight: Flight, start: () => Promise<T>, clock: Clock): Promise<T> {
    let [silentMs, seen] = [0, flight.aliveAt]
    while (!flight.landed) {
      // After a pause of the isolate, all timers fire immediately, so only the requested sleep time is counted.
      if (silentMs >= SILENCE_MS) return launch(id, flight, start, clock)
      const age = clock.elapsed() - flight.since
      const pauseMs = Math.min(Math.max(age * PAUSE_SHARE, MIN_PAUSE_MS), MAX_PAUSE_MS)
      await clock.sleep(pauseMs)
      silentMs = flight.aliveAt === seen ? silentMs + pauseMs : 0
      seen = flight.aliveAt
    }
    return flight.landed() as T
  }

  return {
    join(group, name, start, clock) {
      const id = JSON.stringify([group, name])
      const now = clock.elapsed()
      const flying = flights.get(id)
      // A flight that was ended long ago might have no caller that watches it.
      if (flying && now - flying.aliveAt < SILENCE_MS)
        return { result: watch(id, flying, start, clock), joined: true, since: flying.since }
      const flight = flying ?? { since: now, aliveAt: now }
      return { result: launch(id, flight, start, clock), joined: false, since: now }
    },
  }
}

async function showLife(flight: Flight, clock: Clock, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    flight.aliveAt = clock.elapsed()
    await clock.sleep(BEAT_MS, ended)
  }
}
