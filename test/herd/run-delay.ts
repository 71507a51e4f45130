import { readFileSync } from 'node:fs'

/**
 * Returns how long the main thread of this process was ready to run while other processes had the CPU, in milliseconds.
 * A busy machine causes it, not the application. Only Linux measures it.
 */
export function runDelayMs(): number {
  try {
    const [, waitedNs] = readFileSync('/proc/self/schedstat', 'utf8').split(' ')
    return Number(waitedNs) / 1e6
  } catch {
    return 0
  }
}
