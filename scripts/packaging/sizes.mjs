import { readFile } from 'node:fs/promises'
import { bundle, WORKERS } from './bundles.mjs'

/** Applications do not ship it. */
const TESTKIT = '@evertoken/testkit'
/** Sizes are rounded up to this number of bytes, because versions of zlib differ by a few. */
const ROUNDING = 100
const budget = new URL('./budget.json', import.meta.url)

/**
 * Measures the size of each entry in a bundle, and of the usual bundles of a Worker.
 *
 * @returns For each, its name, its minified size, that size gzipped, and for an optional entry the gzipped bytes that
 * it adds to a bundle with the main entry of its package.
 */
export async function measureSizes(entries, project) {
  const rows = []
  for (const entry of entries.filter((each) => !each.startsWith(TESTKIT))) {
    const main = entry.split('/').slice(0, 2).join('/')
    const { bytes, gzipped } = await bundle(`export * from '${entry}'`, project)
    rows.push({
      name: entry,
      bytes,
      gzipped,
      added: entry === main ? undefined : await addedBy(entry, main, project),
    })
  }
  for (const [name, code] of Object.entries(WORKERS)) {
    const { bytes, gzipped } = await bundle(code, project)
    rows.push({ name, bytes, gzipped })
  }
  return rows
}

async function addedBy(entry, main, project) {
  const mainCode = `export * as main from '${main}'`
  const both = await bundle(`${mainCode}; export * as optional from '${entry}'`, project)
  return both.gzipped - (await bundle(mainCode, project)).gzipped
}

/** Returns the rows that exceed their budget in `budget.json` or have none, and budgets without a row, as text. */
export async function findOverweight(rows) {
  const limits = JSON.parse(await readFile(budget, 'utf8'))
  const names = new Set(rows.map(({ name }) => name))
  return [
    ...rows
      .filter(({ name, gzipped }) => !(gzipped <= limits[name]))
      .map(({ name, gzipped }) => `${name}: ${gzipped} bytes, the budget is ${limits[name]}`),
    ...Object.keys(limits)
      .filter((name) => !names.has(name))
      .map((name) => `${name} has a budget, but is not an entry`),
  ]
}

/** The content of `budget.json` for these sizes. */
export function budgetFor(rows) {
  const limits = rows.map(({ name, gzipped }) => [name, Math.ceil(gzipped / ROUNDING) * ROUNDING])
  return `${JSON.stringify(Object.fromEntries(limits), undefined, 2)}\n`
}
