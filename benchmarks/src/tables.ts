import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Peers } from './peers/install.ts'
import { type Row, tableOf } from './table.ts'

/** Rows that are measured together. */
export interface Group {
  readonly name: string
  /** @param peers - `undefined` if only Evertoken is measured. */
  readonly measure: (peers: Peers | undefined) => Promise<Row[]>
}

export interface Table {
  readonly name: string
  readonly rows: readonly Row[]
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Replaces the tables between the markers. `benchmarks/README.md` has one table for each group. `README.md` has one table
 * with the rows of all groups that have `isHeadline`, so it needs a run of all groups.
 */
export function writeTables(tables: readonly Table[], areAll: boolean): void {
  const headlines = tables.flatMap(({ rows }) => rows.filter(({ isHeadline }) => isHeadline))
  const documents = {
    'benchmarks/README.md': tables,
    ...(areAll && { 'README.md': [{ name: 'headlines', rows: headlines }] }),
  }
  for (const [document, placed] of Object.entries(documents)) {
    const path = `${ROOT}${document}`
    const text = readFileSync(path, 'utf8')
    writeFileSync(
      path,
      placed.reduce((next, { name, rows }) => replaceTable(next, name, tableOf(rows)), text),
    )
  }
  execFileSync('npx', ['oxfmt', ...Object.keys(documents)], { cwd: ROOT, stdio: 'inherit' })
}

function replaceTable(text: string, name: string, table: string): string {
  const [start, end] = [`<!-- bench:${name} -->`, '<!-- bench:end -->']
  const from = text.indexOf(start)
  const to = text.indexOf(end, from)
  if (from === -1 || to === -1) throw new Error(`The markers of the table '${name}' are missing`)
  return `${text.slice(0, from + start.length)}\n\n${table}\n\n${text.slice(to)}`
}
