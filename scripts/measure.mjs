// Prints the measures of structure, words and work that the project watches. Needs the build.
// Usage: node scripts/measure.mjs [--undocumented] [--calls]
// `--undocumented` lists what has no documentation, and `--calls` the functions that one expired call enters.
import { countDialect, proseFiles, rate } from './count-dialect.mjs'
import { findUndocumented } from './measure/docs.mjs'
import { isShard, measureFolder, SHARD_LINES } from './measure/source.mjs'
import { sum } from './measure/trace.mjs'
import { countStoreOperations, traceExpiredCall } from './measure/trips.mjs'

const PACKAGES = ['core', 'node', 'deno', 'cloudflare', 'testkit', 'mcp']

printStructure()
printDialect()
printDocumentation()
await printTrips()

function printStructure() {
  const core = describe(measureFolder('packages/core/src'))
  const all = describe(PACKAGES.flatMap((name) => measureFolder(`packages/${name}/src`)))
  print('structure', 'core', 'all packages')
  for (const title of Object.keys(core)) print(title, core[title], all[title])
}

function describe(files) {
  const total = (key) => files.reduce((all, file) => all + file[key], 0)
  const functions = files.flatMap((file) => file.functions).toSorted((a, b) => a - b)
  const quantile = (share) => functions[Math.floor(share * (functions.length - 1))]
  return {
    files: files.length,
    'code lines': total('codeLines'),
    [`files with logic under ${SHARD_LINES} code lines`]: files.filter(isShard).length,
    'lines of a function, p50 / p90': `${quantile(0.5)} / ${quantile(0.9)}`,
    'object spreads per 1000 code lines': ((1000 * total('spreads')) / total('codeLines')).toFixed(1),
    'doc comments, share of lines': `${((100 * total('docLines')) / total('lines')).toFixed(1)} %`,
  }
}

function printDialect() {
  const { kinds } = countDialect(proseFiles())
  console.log()
  print('phrases to avoid per 1000 words', 'all files')
  for (const [kind, counts] of Object.entries(kinds)) print(kind, rate(counts).toFixed(1))
}

function printDocumentation() {
  const { found, withoutExample, total } = findUndocumented()
  console.log()
  print('public declarations and members', total)
  print('without a doc comment', found.length)
  print('functions without an example', withoutExample.length)
  if (process.argv.includes('--undocumented'))
    for (const each of [...found, ...withoutExample]) console.log(`  ${each}`)
}

async function printTrips() {
  const files = await traceExpiredCall()
  console.log()
  print('one expired call, server session')
  print('functions of core entered', sum(files))
  print('files of core entered', files.length)
  if (process.argv.includes('--calls')) files.forEach(printCalls)
  console.log()
  print('store operations')
  for (const [trip, counts] of await countStoreOperations())
    print(
      trip,
      Object.entries(counts)
        .map((pair) => pair.join(' '))
        .join(', '),
    )
}

function printCalls({ path, entries, functions }) {
  print(`  ${path}`, entries)
  for (const each of functions) print(`    ${each.name}`, each.entries)
}

function print(title, ...values) {
  console.log([title.padEnd(42), ...values.map((value) => String(value).padEnd(12))].join('').trimEnd())
}
