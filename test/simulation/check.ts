import { makeCryptoSynchronous } from './synchronous-crypto.ts'
import { violationsOf } from './invariants.ts'
import { run } from './run.ts'

makeCryptoSynchronous()

export interface Report {
  readonly seed: number
  readonly digest: string
  readonly violations: readonly string[]
}

const MOST = 8

/** Runs one seed and returns the violations. A fault of the program is a violation too. */
export async function check(seed: number, trace?: (line: string) => void): Promise<Report> {
  const crashes: string[] = []
  const crash = (error: unknown) =>
    crashes.push(`crash: ${error instanceof Error ? error.stack : String(error)}`)
  process.on('unhandledRejection', crash)
  try {
    const outcome = await run(seed, trace)
    const violations = [...new Set([...crashes, ...violationsOf(outcome)])].slice(0, MOST)
    return { seed, digest: outcome.digest, violations }
  } catch (error) {
    crash(error)
    return { seed, digest: 'crash', violations: crashes }
  } finally {
    process.off('unhandledRejection', crash)
  }
}
