import type { Flights } from '@evertoken/core/tokens'

interface Flight {
  landed?: { readonly value: unknown } | { readonly error: unknown }
}

const FIRST_PAUSE_MS = 4
const MAX_PAUSE_MS = 40
/** Whoever has watched for longer goes alone: the request that flies may have been cut off. */
const PATIENCE_MS = 1500
const MAX_FLIGHTS = 1000

/**
 * Single flight among the requests of an isolate. No request may await what another one started, for such a promise
 * never settles once its owner is gone: who joins a flight looks, on timers of its own, whether it has landed.
 */
export function createIsolateFlights(): Flights {
  const flights = new Map<string, Flight>()

  async function launch<T>(id: string, start: () => Promise<T>): Promise<T> {
    const flight: Flight = {}
    flights.delete(id)
    flights.set(id, flight)
    if (flights.size > MAX_FLIGHTS) flights.delete(flights.keys().next().value as string)
    try {
      const value = await start()
      flight.landed = { value }
      return value
    } catch (error) {
      flight.landed = { error }
      throw error
    } finally {
      if (flights.get(id) === flight) flights.delete(id)
    }
  }

  async function watch<T>(flight: Flight, alone: () => Promise<T>): Promise<T> {
    let pauseMs = FIRST_PAUSE_MS
    for (let watchedMs = 0; watchedMs < PATIENCE_MS && !flight.landed; watchedMs += pauseMs) {
      pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    if (!flight.landed) return alone()
    if ('error' in flight.landed) throw flight.landed.error
    return flight.landed.value as T
  }

  return {
    join(group, name, start) {
      const id = JSON.stringify([group, name])
      const alone = () => launch(id, start)
      const flying = flights.get(id)
      return flying ? { result: watch(flying, alone), joined: true } : { result: alone(), joined: false }
    },
  }
}
