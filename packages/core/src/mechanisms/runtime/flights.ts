import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'

interface Flight {
  readonly result: Promise<unknown>
  readonly since: number
}

interface Group {
  readonly flights: Map<string, Flight>
  last: Promise<unknown>
}

/**
 * Creates single flights for one process. Removes each flight when it has settled.
 *
 * @returns A value for the member `flights` of a `Runtime`.
 * @example
 *   const runtime = { context: requestContext, flights: createFlights(), keepAlive() {} }
 */
export function createFlights(): Flights {
  const groups = new Map<string, Group>()

  function launch<T>(name: string, group: string, start: () => Promise<T>, since: number): Promise<T> {
    const waiting = groups.get(group)
    // The first flight of a group starts immediately.
    const flight = waiting ? waiting.last.then(start, start) : start()
    const queue = waiting ?? { flights: new Map<string, Flight>(), last: flight }
    groups.set(group, queue)
    queue.last = flight
    queue.flights.set(name, { result: flight, since })
    const land = () => {
      queue.flights.delete(name)
      if (queue.flights.size === 0) groups.delete(group)
    }
    flight.then(land, land)
    return flight
  }

  return {
    join<T>(group: string, name: string, start: () => Promise<T>, clock: Clock) {
      const flying = groups.get(group)?.flights.get(name)
      if (flying) return { result: flying.result as Promise<T>, joined: true, since: flying.since }
      const since = clock.elapsed()
      return { result: launch(name, group, start, since), joined: false, since }
    },
  }
}

/** Shares nothing, for runtimes in which a request cannot await the work of another one. Only the lease decides. */
export const soloFlights: Flights = {
  join: (_group, _name, start, clock) => ({ result: start(), joined: false, since: clock.elapsed() }),
}
