import type { Outcome, Scenario } from './scenario.ts'

export interface Row {
  readonly name: string
  readonly scenario: Scenario
  /** Or why there is none. */
  readonly outcome: Outcome | string
}

const HEAD = [
  'peer and version',
  'processes × callers',
  'calls',
  'token requests',
  'ok',
  'failed',
  'replays',
  'grant alive',
  'session usable afterwards',
]

export function printOutcomes(rows: readonly Row[]): void {
  const lines = rows.map(({ name, scenario, outcome }) => [name, settingOf(scenario), ...cellsOf(outcome)])
  const widths = HEAD.map((_, i) => Math.max(...[HEAD, ...lines].map((line) => line[i]?.length ?? 0)))
  const print = (cells: readonly string[]) =>
    console.log(`| ${widths.map((width, i) => (cells[i] ?? '').padEnd(width)).join(' | ')} |`)
  print(HEAD)
  print(widths.map((width) => '-'.repeat(width)))
  for (const line of lines) print(line)
  console.log()
}

function settingOf({ processes, callers, resources, late }: Scenario): string {
  const setting = `${processes} × ${callers}`
  if (resources) return `${setting}, ${resources.length} resources`
  return late ? `${setting}, then the old cookie` : setting
}

function cellsOf(outcome: Outcome | string): string[] {
  if (typeof outcome === 'string') return [outcome]
  const { calls, tokenRequests, ok, failed, replays, grantAlive, usable } = outcome
  return [...[calls, tokenRequests, ok, failed, replays].map(String), yes(grantAlive), yes(usable)]
}

function yes(good: boolean): string {
  return good ? 'yes' : 'NO'
}
