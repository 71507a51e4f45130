import type { Timing } from '../harness.ts'
import { micros } from '../table.ts'

export type Call = () => Promise<Response>

/** Each sample makes this many calls for each connection. */
export const LOADS = [
  { connections: 1, calls: 20, rounds: 400 },
  { connections: 50, calls: 4, rounds: 150 },
]

/** Connections, and the calls of each. */
export const WARM_UP = [50, 300] as const

export function compared(plain: Timing, other: Timing): string {
  return `${(plain.median / other.median).toFixed(3)} (${micros(other.median)} to ${micros(plain.median)})`
}

/** Microseconds of wall clock time for each call. */
export async function timed(call: Call, connections: number, calls: number): Promise<number> {
  const start = performance.now()
  const worker = async () => {
    for (let i = 0; i < calls; i++) {
      const response = await call()
      const text = await response.text()
      if (!response.ok || text === '') throw new Error('No response: the numbers would mean nothing')
    }
  }
  await Promise.all(Array.from({ length: connections }, worker))
  return ((performance.now() - start) * 1000) / (connections * calls)
}
