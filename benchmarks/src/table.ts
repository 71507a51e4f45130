/** One line of the result. */
export interface Row {
  readonly what: string
  readonly target: string
  readonly measured: string
  /** Absent where nothing was promised. */
  readonly met?: boolean
  /** Whether the row is in the README of the project. */
  readonly isHeadline?: boolean
}

export function printTable(rows: readonly Row[]): void {
  console.log(tableOf(rows))
}

/** Returns a table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ what, target, measured, met }) => [what, target, measured, verdict(met)])
  const lines = [['', 'target', 'measured', 'met'], ...cells]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const format = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = lines
  return [head, widths.map((width) => '-'.repeat(width)), ...body].map(format).join('\n')
}

export function micros(value: number): string {
  return `${value.toFixed(value < 100 ? 2 : 0)} µs`
}

function verdict(met: boolean | undefined): string {
  if (met === undefined) return ''
  return met ? 'yes' : 'no'
}
