import { dropAsyncContexts, noteAsyncContexts } from './async-contexts.ts'
import { CASES, nameOf, ownerOf } from './cases.ts'
import { violationsOf } from './invariants.ts'
import { createRandom } from './random.ts'
import type { Report } from './report.ts'
import { run } from './run.ts'
import { verdictOf } from './verdict.ts'

export interface MatrixOptions {
  readonly runs: number
  readonly seed: number
  /** A part of the names of the cases that are wanted. */
  readonly only: string
  take(report: Report, seed: number): void
}

/** Runs every case once, in any order, and again with the next seed, until there were enough. */
export async function runVirtual({ runs, seed, only, take }: MatrixOptions): Promise<void> {
  noteAsyncContexts()
  const random = createRandom(seed)
  const chosen = CASES.filter((planned) => nameOf(planned).includes(only))
  for (let done = 0, round = seed; done < runs && chosen.length > 0; round++) {
    const order = chosen
      .map((planned) => ({ planned, place: random.next() }))
      .toSorted((a, b) => a.place - b.place)
    for (const { planned } of order.slice(0, runs - done)) {
      const outcome = await run(planned, round).catch((error: unknown) => {
        throw new Error(`Cannot finish '${nameOf(planned)}' with seed ${round}`, { cause: error })
      })
      dropAsyncContexts()
      const { fault } = planned
      const violations = violationsOf(outcome)
      take(
        {
          fault,
          owner: ownerOf(planned),
          name: nameOf(planned),
          verdict: verdictOf(outcome).verdict,
          met: outcome.met,
          violations,
        },
        round,
      )
      done += 1
    }
  }
}
