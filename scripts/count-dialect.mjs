// Counts phrases to avoid per 1000 words of comments, messages and Markdown. Fails above the limits.
// Usage: node scripts/count-dialect.mjs [file …]
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PHRASES } from './dialect/phrases.mjs'
import { readProse } from './dialect/prose.mjs'

/** Hits per 1000 words. */
const LIMITS = { comments: 2, messages: 2, markdown: 1.5 }
const WORST_LINES = 20

/** The data of this script quotes the phrases. */
const DATA = ['scripts/dialect/phrases.mjs']

/** Counts words and hits of each kind of prose, and keeps the lines with a hit. */
export function countDialect(files) {
  const kinds = Object.fromEntries(Object.keys(LIMITS).map((kind) => [kind, { words: 0, hits: 0 }]))
  const lines = []
  for (const file of files)
    for (const { kind, line, text } of readProse(file)) {
      const hits = findPhrases(text)
      kinds[kind].words += text.match(/[A-Za-z][A-Za-z'’-]*/g)?.length ?? 0
      kinds[kind].hits += hits.length
      if (hits.length > 0) lines.push({ place: `${file}:${line}`, text, hits })
    }
  return { kinds, lines }
}

export function rate({ words, hits }) {
  return words === 0 ? 0 : (1000 * hits) / words
}

/** The files of the project with prose. */
export function proseFiles() {
  const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  })
  const isProse = (path) => /\.(?:[cm]?[jt]sx?|md)$/.test(path) && !DATA.includes(path)
  // A file that was just deleted is still tracked.
  return tracked.split('\n').filter((path) => isProse(path) && existsSync(path))
}

/** Every cell of a table is a part, because it starts a sentence. */
function findPhrases(text) {
  return text
    .split(/\s*\|\s*/)
    .flatMap((part) =>
      PHRASES.flatMap(([, expression, instead]) =>
        [...part.matchAll(new RegExp(expression.source, 'gi'))].map(([found]) => ({ found, instead })),
      ),
    )
}

function main() {
  const files = process.argv.slice(2)
  const { kinds, lines } = countDialect(files.length > 0 ? files : proseFiles())
  const isOver = (kind) => rate(kinds[kind]) > LIMITS[kind]
  for (const [kind, sum] of Object.entries(kinds))
    console.log(
      `${isOver(kind) ? 'FAIL' : 'ok  '} ${kind.padEnd(8)} ${rate(sum).toFixed(1)} per 1000 words ` +
        `(at most ${LIMITS[kind]}): ${sum.hits} in ${sum.words}`,
    )
  if (!Object.keys(kinds).some(isOver)) return
  process.exitCode = 1
  for (const { place, text, hits } of lines
    .toSorted((a, b) => b.hits.length - a.hits.length)
    .slice(0, WORST_LINES)) {
    console.log(`\n${place}\n    ${text}`)
    for (const { found, instead } of hits) console.log(`    "${found.trim()}": ${instead}`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
