import type { Flights } from '@evertoken/core/tokens'

interface Flight {
  /** How often it was started: again when the request that flew seems to be gone. */
  starts: number
  /** What the first start to end brought. */
  landed?: () => unknown
}

const FIRST_PAUSE_MS = 4
const MAX_PAUSE_MS = 40
/** Nobody watches one start for longer: the request that flies may have been cut off. */
const PATIENCE_MS = 1500
const MAX_FLIGHTS = 1000

/**
 * Single flight among the requests of an isolate. No request may await what another one started, for such a promise
 * never settles once its owner is gone: who joins a flight looks, on timers of its own, whether it has landed.
 */
export function createIsolateFlights(): Flights {
  const flights = new Map<string, Flight>()

  async function launch<T>(id: string, flight: Flight, start: () => Promise<T>): Promise<T> {
    flight.starts++
    flights.delete(id)
    flights.set(id, flight)
    if (flights.size > MAX_FLIGHTS) flights.delete(flights.keys().next().value as string)
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
      if (flights.get(id) === flight) flights.delete(id)
    }
  }

  /** One of those who lose patience starts the flight again, and the others watch that start. */
  async function watch<T>(id: string, flight: Flight, start: () => Promise<T>): Promise<T> {
    let [pauseMs, watchedMs, starts] = [FIRST_PAUSE_MS, 0, flight.starts]
    while (!flight.landed) {
      if (watchedMs >= PATIENCE_MS) return launch(id, flight, start)
      pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      watchedMs = flight.starts === starts ? watchedMs + pauseMs : 0
      starts = flight.starts
    }
    return flight.landed() as T
  }

  return {
    join(group, name, start) {
      const id = JSON.stringify([group, name])
      const flying = flights.get(id)
      if (flying) return { result: watch(id, flying, start), joined: true }
      return { result: launch(id, { starts: 0 }, start), joined: false }
    },
  }
}
