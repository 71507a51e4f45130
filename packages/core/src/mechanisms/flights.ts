import type { Flights } from '../ports/flights.ts'

interface Group {
  readonly flights: Map<string, Promise<unknown>>
  last: Promise<unknown>
}

/** Single flight in one process. Keeps nothing once a flight has landed. */
export function createFlights(): Flights {
  const groups = new Map<string, Group>()

  function launch<T>(name: string, group: string, start: () => Promise<T>): Promise<T> {
    const queue = groups.get(group) ?? {
      flights: new Map<string, Promise<unknown>>(),
      last: Promise.resolve(),
    }
    groups.set(group, queue)
    const flight = queue.last.then(start, start)
    queue.last = flight
    queue.flights.set(name, flight)
    const land = () => {
      queue.flights.delete(name)
      if (queue.flights.size === 0) groups.delete(group)
    }
    flight.then(land, land)
    return flight
  }

  return {
    join<T>(group: string, name: string, start: () => Promise<T>) {
      const flying = groups.get(group)?.flights.get(name) as Promise<T> | undefined
      return flying ? { result: flying, joined: true } : { result: launch(name, group, start), joined: false }
    },
  }
}

/** For runtimes in which no request may await what another one started: nothing is shared. Only the lease decides. */
export const soloFlights: Flights = {
  join: (_group, _name, start) => ({ result: start(), joined: false }),
}
