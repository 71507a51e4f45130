/** Microseconds per call. */
export interface Timing {
  readonly median: number
  readonly p99: number
}

/** Runs one round of calls and returns how many microseconds each took, without the preparation. */
export type Sample = () => Promise<number>

const WARM_UP = 0.1
const GROUP = 20

/** Takes the samples of all subjects in turn, so that whatever else the machine does meets all of them alike. */
export async function interleave<K extends string>(
  subjects: Readonly<Record<K, Sample>>,
  rounds: number,
): Promise<Record<K, Timing>> {
  const names = Object.keys(subjects) as K[]
  const samples = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = -rounds * WARM_UP; round < rounds; round++) {
    for (const name of names) {
      const sample = await subjects[name]()
      if (round >= 0) samples.get(name)?.push(sample)
    }
  }
  return Object.fromEntries([...samples].map(([name, taken]) => [name, timing(taken)])) as Record<K, Timing>
}

/**
 * Times a call for each of the inputs, which exist before. The median of small groups: a round is long enough
 * for another process to come between.
 */
export function each<T>(
  inputs: () => readonly T[] | Promise<readonly T[]>,
  call: (input: T) => Promise<unknown>,
): Sample {
  return async () => {
    const made = await inputs()
    const groups: number[] = []
    for (let first = 0; first < made.length; first += GROUP) {
      const group = made.slice(first, first + GROUP)
      const start = performance.now()
      for (const input of group) await call(input)
      groups.push(microseconds(start) / group.length)
    }
    return timing(groups).median
  }
}

/** Heap bytes that a call allocates: the median of rounds too short for a collection to come between. */
export async function allocatedBytes(call: () => Promise<unknown>): Promise<number> {
  const [rounds, calls] = [50, 100]
  const taken: number[] = []
  for (let round = 0; round < rounds; round++) {
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < calls; i++) await call()
    taken.push((process.memoryUsage().heapUsed - before) / calls)
  }
  return timing(taken).median
}

export function collectGarbage(): void {
  if (!globalThis.gc) throw new Error('Cannot measure memory: run node with --expose-gc')
  globalThis.gc()
}

function microseconds(start: number): number {
  return (performance.now() - start) * 1000
}

function timing(samples: readonly number[]): Timing {
  return { median: quantile(samples, 0.5), p99: quantile(samples, 0.99) }
}

export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN
}
