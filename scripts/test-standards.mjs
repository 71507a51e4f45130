// Prints every line of docs/reference/standards.md with the tests that carry it: those whose title, or that of the group they are in,
// names it. Fails when a line has none and is not pending. Usage: node scripts/test-standards.mjs
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Where tests are that vitest does not list, and how a title looks there. */
const SCRIPTED = ['test/browser', 'test/second-server', 'runtime-tests/scenarios']
const TITLE = /(?:\b(?:check|it|test)\(\s*|\btitle:\s*)(['"`])((?:(?!\1).)*)\1/g

const tests = [...listed(), ...SCRIPTED.flatMap(scripted)]
const results = readStandards().map((standard) => {
  const carriers = tests.filter(({ title }) => namedBy(title).includes(standard.id))
  const missing = carriers.length === 0 && standard.pending === undefined
  return { ...standard, carriers, missing }
})

for (const { id, text, pending, carriers, missing } of results) {
  console.log(`\n${id}: ${text}`)
  if (pending !== undefined) console.log(`  pending: ${pending}`)
  if (missing) console.log('  ✗ no test names it')
  for (const { file, title } of carriers) console.log(`  ✓ ${file}: ${title}`)
}

const unknown = [...new Set(tests.flatMap(({ title }) => namedBy(title)))].filter((id) =>
  results.every((result) => result.id !== id),
)
for (const id of unknown) console.log(`\n✗ ${id} is named by a test, and not in docs/reference/standards.md`)

const pending = results.filter((result) => result.pending !== undefined && result.carriers.length === 0)
const failed = results.filter(({ missing }) => missing).length + unknown.length
const passed = results.filter(({ carriers }) => carriers.length > 0).length
console.log(
  `\npending: ${pending.map((result) => `${result.id} (${result.pending})`).join(', ') || 'nothing'}`,
)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** The rows of the table: the source, the behavior, whether that is pending, and the number. */
function readStandards() {
  const rows = readFileSync(join(root, 'docs/reference/standards.md'), 'utf8').matchAll(
    /^\|[^|]*\| ([^|]*?) *\| (S\d+) +\|$/gm,
  )
  const standards = [...rows].map(([, line, id]) => {
    const [, text, subject] = /^(.*?)(?:\. Pending: (.*))?$/.exec(line)
    return { id, text, pending: subject }
  })
  const isWhole = standards.length > 0 && standards.every(({ id }, i) => id === `S${i + 1}`)
  if (!isWhole)
    throw new Error('Cannot read docs/reference/standards.md: it must list S1, S2, … without a gap')
  return standards
}

function namedBy(title) {
  return title.match(/\bS\d{1,2}\b/g) ?? []
}

/** Lists the tests of vitest. The tests of the model server prove nothing about the library. */
function listed() {
  const folder = mkdtempSync(join(tmpdir(), 'evertoken-standards-'))
  const file = join(folder, 'tests.json')
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const projects = ['--project', 'unit', '--project', 'integration']
    execFileSync(process.execPath, [vitest, 'list', '--static-parse', `--json=${file}`, ...projects], {
      cwd: root,
    })
    return JSON.parse(readFileSync(file, 'utf8'))
      .map((test) => ({ file: relative(root, test.file), title: test.name }))
      .filter((test) => !test.file.startsWith('packages/testkit/'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function scripted(folder) {
  const files = readdirSync(join(root, folder)).filter((name) => /\.(?:mjs|ts)$/.test(name))
  return files.flatMap((name) => {
    const file = `${folder}/${name}`
    const titles = readFileSync(join(root, file), 'utf8').matchAll(TITLE)
    return [...titles].map(([, , title]) => ({ file, title }))
  })
}
