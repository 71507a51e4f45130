/** Callers that sleep until a moment, in the order in which they wake. */
export interface Sleepers {
  readonly size: number
  /** @returns Wakes the sleeper early. */
  add(due: number, wake: () => void): () => void
  /** When the first sleeper is due. */
  readonly nextDue: number | undefined
  wakeNext(): void
}

interface Sleeper {
  readonly due: number
  readonly wake: () => void
}

export function createSleepers(): Sleepers {
  /** Latest first, so that waking takes the last one in constant time. A herd has 10,000 of them. */
  const sleepers: Sleeper[] = []

  /** The place for a new sleeper. Those that are due at the same time wake in the order in which they came. */
  function placeFor(due: number): number {
    let low = 0
    let high = sleepers.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sleepers[middle]?.due ?? 0) > due) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    get size() {
      return sleepers.length
    },
    add(due, wake) {
      const sleeper = { due, wake }
      sleepers.splice(placeFor(due), 0, sleeper)
      return () => {
        const place = sleepers.indexOf(sleeper)
        if (place !== -1) sleepers.splice(place, 1)
        wake()
      }
    },
    get nextDue() {
      return sleepers.at(-1)?.due
    },
    wakeNext: () => sleepers.pop()?.wake(),
  }
}
