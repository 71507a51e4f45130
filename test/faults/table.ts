import { INVARIANTS, type Invariant } from './invariants.ts'
import type { Report } from './report.ts'
import { type Verdict, VERDICTS } from './verdict.ts'

interface Row {
  runs: number
  /** Runs in which the step of the fault was never reached. */
  missed: number
  violations: number
  readonly verdicts: Record<Verdict, number>
}

interface Owner {
  runs: number
  /** A client could have kept these. */
  lost: number
  /** No client can keep these, and an event has reported each of them. */
  unavoidable: number
}

/** The outcomes of the grants, by fault. */
export interface Table {
  add(report: Report): void
  text(): string
  readonly violated: boolean
}

const LEGEND =
  'lost and reported: the only copy of a response was lost in the network or in a process; a strict server forgives no second\n' +
  'use, so no client can prevent it. Servers with a grace period, or with reusable refresh tokens, lose nothing.'
const HEAD = [
  'fault',
  'runs',
  'kept',
  'adopted',
  'ended as it must',
  'lost and reported',
  'violations',
  'not reached',
]

export function createTable(): Table {
  const rows = new Map<string, Row>()
  const owners = new Map<string, Owner>()
  const counts = Object.fromEntries(INVARIANTS.map((name) => [name, 0])) as Record<Invariant, number>

  /** The runs and the losses of each kind of owner. */
  const totals = () =>
    [...owners]
      .toSorted(([a], [b]) => (a > b ? -1 : 1))
      .map(
        ([owner, { runs, lost, unavoidable }]) =>
          `${owner} runs=${runs} lost=${lost} unavoidable=${unavoidable}`,
      )
      .join(' ')
  const cells = (fault: string, { runs, verdicts, violations, missed }: Row) =>
    [fault, runs, verdicts.kept, verdicts.adopted, verdicts.ended, verdicts.lost, violations, missed].map(
      String,
    )

  return {
    add({ fault, owner, verdict, met, violations }) {
      const row = rows.get(fault) ?? { runs: 0, missed: 0, violations: 0, verdicts: noVerdicts() }
      rows.set(fault, row)
      row.runs += 1
      const sum = owners.get(owner) ?? { runs: 0, lost: 0, unavoidable: 0 }
      owners.set(owner, sum)
      sum.runs += 1
      sum.lost += verdict === 'wrong' ? 1 : 0
      sum.unavoidable += verdict === 'lost' ? 1 : 0
      row.verdicts[verdict] += 1
      row.missed += met ? 0 : 1
      row.violations += violations.length
      for (const { invariant } of violations) counts[invariant] += 1
    },
    text() {
      const lines = [...rows]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([fault, row]) => cells(fault, row))
      const [others, numbered] = [false, true].map((isNumbered) =>
        INVARIANTS.filter((name) => /^I\d+$/.test(name) === isNumbered).map(
          (name) => `${name}=${counts[name]}`,
        ),
      )
      return `\n${aligned([HEAD, ...lines])}\n\n${LEGEND}\nothers: ${others?.join(' ')}\nfaults: ${totals()} ${numbered?.join(' ')}`
    },
    get violated() {
      return Object.values(counts).some((count) => count > 0)
    },
  }
}

function noVerdicts(): Record<Verdict, number> {
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<Verdict, number>
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const padded = (line: readonly string[]) =>
    line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
  return lines.map((line) => padded(line).join('  ').trimEnd()).join('\n')
}
