import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle, WORKERS } from './bundles.mjs'
import { root } from './packages.mjs'

/** Applications do not ship it. */
const TESTKIT = '@evertoken/testkit'
const CORE = '@evertoken/core'
/** A new budget leaves at least this number of bytes, because versions of zlib differ by a few. */
const MARGIN = 100
/** A new budget is rounded up to a multiple of this number of bytes. */
const ROUNDING = 100
const PRESETS = '@evertoken/core/providers'
/** The limit of each preset of a provider, gzipped, in bytes: 0.5 KB. */
const PRESET_BYTES = 512
const budget = join(root, 'scripts/packaging/budget.json')

/** Returns the name, the minified size and the gzipped size of each entry in a bundle, and of the usual Workers. */
export async function measureSizes(entries, project) {
  const measured = entries.filter((entry) => !entry.startsWith(TESTKIT))
  const bundles = {
    ...Object.fromEntries(measured.map((entry) => [entry, `export * from '${entry}'`])),
    ...WORKERS,
  }
  return Promise.all(
    Object.entries(bundles).map(async ([name, code]) => {
      const { bytes, gzipped } = await bundle(code, project)
      return { name, bytes, gzipped }
    }),
  )
}

/** The gzipped bytes that an optional entry adds to a bundle with the main entry of its package. */
export async function addedBy(entry, project) {
  const main = entry.split('/').slice(0, 2).join('/')
  if (entry === main || entry in WORKERS) return undefined
  const mainCode = `export * as main from '${main}'`
  const both = await bundle(`${mainCode}; export * as optional from '${entry}'`, project)
  return both.gzipped - (await bundle(mainCode, project)).gzipped
}

/** Entries of core that applications do not add to a Worker with all handlers. */
const NO_FEATURES = ['adapter', 'browser', 'client', 'tokens'].map((name) => `${CORE}/${name}`)

/**
 * Measures each function of the optional entries of core, because applications import only some of them.
 *
 * @returns The gzipped bytes that each function adds to a Worker with all handlers.
 */
export async function measureFeatures(entries, project) {
  const worker = WORKERS['cloudflare-full']
  const base = await bundle(worker, project)
  const optional = entries.filter((entry) => entry.startsWith(`${CORE}/`) && !NO_FEATURES.includes(entry))
  const features = await Promise.all(
    optional.map(async (entry) => {
      const { exports } = await bundle(`export * from '${entry}'`, project)
      return Promise.all(
        exports.map(async (name) => {
          const both = await bundle(`${worker}; export { ${name} as feature } from '${entry}'`, project)
          return { name: `${name} (${entry})`, added: both.gzipped - base.gzipped }
        }),
      )
    }),
  )
  return features.flat()
}

/**
 * Returns the name of each preset of a provider, and the bytes that it adds to a Worker for token management, if it is the only
 * preset. That includes the code of its own requests, which several presets share.
 */
export async function measurePresets(project) {
  const worker = WORKERS['cloudflare-core']
  const base = await bundle(worker, project)
  const { exports } = await bundle(`export * from '${PRESETS}'`, project)
  return Promise.all(
    exports.map(async (preset) => {
      const code = `${worker}; export { ${preset} as preset } from '${PRESETS}'`
      const { bytes, gzipped } = await bundle(code, project)
      return { name: `preset ${preset}`, bytes: bytes - base.bytes, gzipped: gzipped - base.gzipped }
    }),
  )
}

/** Returns the presets that are too large, as text. */
export function findPresetProblems(presets) {
  return presets
    .filter(({ gzipped }) => !(gzipped <= PRESET_BYTES))
    .map(({ name, gzipped }) => `${name}: ${gzipped} bytes, the limit is ${PRESET_BYTES}`)
}

/**
 * Checks sizes against `budget.json` and the documentation.
 *
 * @returns The rows that exceed their budget or have none, budgets without a row, and wrong sizes in the documentation,
 * as text.
 */
export async function findSizeProblems(rows) {
  const limits = JSON.parse(await readFile(budget, 'utf8'))
  const names = new Set(rows.map(({ name }) => name))
  return [
    ...rows
      .filter(({ name, gzipped }) => !(gzipped <= limits[name]))
      .map(({ name, gzipped }) => `${name}: ${gzipped} bytes, the budget is ${limits[name]}`),
    ...Object.keys(limits)
      .filter((name) => !names.has(name))
      .map((name) => `${name} has a budget, but is not an entry`),
    ...(await findWrongDocuments(rows)),
  ]
}

/** The documentation states the sizes of a Worker. */
async function findWrongDocuments(rows) {
  const [tokens, all] = Object.keys(WORKERS).map((worker) =>
    Math.round(rows.find(({ name }) => name === worker).gzipped / 1000),
  )
  const expected = [
    ['docs/reference/packages.md', new RegExp(`^\\| \`@evertoken/cloudflare\` +\\| ${all} KB \\|$`, 'm')],
    [
      'docs/reference/packages.md',
      new RegExp(`^\\| \`@evertoken/cloudflare/tokens\` +\\| ${tokens} KB \\|$`, 'm'),
    ],
    [
      'docs/guides/token-management.md',
      new RegExp(`is ${tokens} KB minified and gzipped instead of ${all} KB`),
    ],
  ]
  const problems = []
  for (const [document, text] of expected)
    if (!text.test(await readFile(join(root, document), 'utf8')))
      problems.push(`${document} must state ${text}`)
  return problems
}

/** Writes `budget.json` for these sizes. */
export async function writeBudget(rows) {
  const limits = rows.map(({ name, gzipped }) => [name, Math.ceil((gzipped + MARGIN) / ROUNDING) * ROUNDING])
  await writeFile(budget, `${JSON.stringify(Object.fromEntries(limits), undefined, 2)}\n`)
}
