import type { Invariant } from './invariants.ts'
import type { Verdict } from './verdict.ts'

/** The result of one run. */
export interface Report {
  /** The row of the table. */
  readonly fault: string
  /** Whose grant it was. */
  readonly owner: 'session' | 'connection'
  /** The options that run it again. */
  readonly name: string
  readonly verdict: Verdict
  /** Whether the fault's step was reached. */
  readonly met: boolean
  readonly violations: readonly { readonly invariant: Invariant; readonly what: string }[]
}
