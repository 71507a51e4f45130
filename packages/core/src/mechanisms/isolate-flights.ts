import type { Clock } from '../ports/clock.ts'
import type { Flights } from '../ports/flights.ts'

/** All times are by the monotonic clock, in milliseconds. */
interface Flight {
  /** When it was started last. */
  since: number
  /** When a request that flies last showed that it was not cut off. */
  aliveAt: number
  /** What the first start to end brought. */
  landed?: () => unknown
}

/** The callers that join a flight look again after this part of its age, so that they learn its result soon. */
const PAUSE_SHARE = 0.1
const MIN_PAUSE_MS = 4
/** A flight can take a minute. Callers that came to it in all that time must not use up the processor. */
const MAX_PAUSE_MS = 250
/** How often a request that flies shows that it is alive. Its timers stop when it is cut off. */
const BEAT_MS = 500
/** A flight without a sign of life for so long is started again. */
const SILENCE_MS = 1500
const MAX_FLIGHTS = 1000

/**
 * Single flight among the requests of an isolate. No request may await what another one started, for such a promise
 * never settles once its owner is gone: who joins a flight looks, on timers of its own, whether it has landed.
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

  /** One of those who notice that a flight is silent starts it again, and the others watch that start. */
  async function watch<T>(id: string, flight: Flight, start: () => Promise<T>, clock: Clock): Promise<T> {
    let [silentMs, seen] = [0, flight.aliveAt]
    while (!flight.landed) {
      // An isolate that stood still finds all timers due, so only the time that was slept counts.
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
      // Nobody may have watched a flight that was cut off long ago.
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
