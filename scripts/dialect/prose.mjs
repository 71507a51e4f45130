import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

/** A comment that instructs a tool. */
const INSTRUCTION = /^\/? ?<reference|^\s*(?:eslint|oxlint|prettier|ts-|@ts-|#region|c8|v8)/
/** A string with four words or more. */
const SENTENCE = /[a-z]+(?:,|:|;)? [a-z"]+ [a-z"]+ \S+/i
/** A program for a database. */
const PROGRAM = /^\s*(?:select|insert|update|delete|create|drop|pragma|with|local|return|redis)\b/i

/** Yields `{ kind, line, text }` for each line of prose in a file. The kind is `comments`, `messages` or `markdown`. */
export function* readProse(file) {
  const text = readFileSync(file, 'utf8')
  yield* extname(file) === '.md' ? readMarkdown(text) : readSource(file, text)
}

/** Skips code blocks, front matter, link targets, and the parts between `dialect-off` and `dialect-on`. */
function* readMarkdown(text) {
  const prose = text
    .replace(/^---\n[\s\S]*?\n---\n/, blank)
    .replace(/<!-- dialect-off -->[\s\S]*?(?:<!-- dialect-on -->|$)/g, blank)
    .replace(/<!--[\s\S]*?-->/g, blank)
  let fence
  for (const [index, line] of prose.split('\n').entries()) {
    const mark = /^\s*(?:>\s*)?(```+|~~~+)/.exec(line)?.[1]
    if (mark && fence === undefined) fence = mark
    else if (mark?.startsWith(fence)) fence = undefined
    else if (fence === undefined && !/^\[[^\]]+\]: /.test(line))
      yield { kind: 'markdown', line: index + 1, text: clean(line) }
  }
}

function* readSource(file, source) {
  const { program, comments } = parseSync(file, source)
  const lineOf = (position) => source.slice(0, position).split('\n').length
  for (const { value, start } of comments) yield* readComment(value, lineOf(start))
  for (const { value, start } of stringsOf(program))
    if (SENTENCE.test(value) && !PROGRAM.test(value))
      yield { kind: 'messages', line: lineOf(start), text: clean(value) }
}

/** Skips the examples. */
function* readComment(comment, firstLine) {
  let isExample = false
  for (const [index, raw] of comment.split('\n').entries()) {
    const content = raw.replace(/^\s*\*+/, '')
    if (/^\s*```/.test(content)) isExample = !isExample
    else if (!isExample && !INSTRUCTION.test(content))
      yield { kind: 'comments', line: firstLine + index, text: clean(withoutTag(content)) }
  }
}

function withoutTag(line) {
  return line.replace(/^\s*@(?:param|template)\s+(?:\{[^}]*\}\s*)?\S+\s*-?|^\s*@\w+/, '')
}

function stringsOf(program) {
  const found = []
  new Visitor({
    Literal: ({ value, start }) => typeof value === 'string' && found.push({ value, start }),
    TemplateElement: ({ value, start }) => found.push({ value: value.raw, start }),
  }).visit(program)
  return found
}

function blank(part) {
  return part.replace(/[^\n]/g, '')
}

/** Turns inline code and links into one neutral word, so that an identifier cannot be a phrase to avoid. */
function clean(line) {
  return line
    .replace(/`[^`]*`/g, 'Code')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\{@link[^}]*\}/g, 'Code')
    .replace(/<[^>]+>|https?:\/\/\S+/g, ' ')
    .replace(/[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}/g, '')
    .replace(/^\s*(?:[-*+]|\d+\.|#+|>)\s+/, '')
    .replace(/\s+/g, ' ')
    .trim()
}
