import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

export const SHARD_LINES = 15
/** Functions with fewer lines say nothing about the length of functions. */
const MIN_FUNCTION_LINES = 3

/** Measures every TypeScript file under a folder. */
export function measureFolder(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .toSorted()
    .map((path) => ({ path, ...measureSource(readFileSync(join(folder, path), 'utf8')) }))
}

/** Returns lines, doc lines, code lines, spreads, the lengths of functions, and whether the code does something. */
export function measureSource(text) {
  const { program, comments } = parseSync('source.ts', text)
  const linesOf = ({ start, end }) => text.slice(start, end).split('\n').length
  const isDoc = ({ type, value }) => type === 'Block' && value.startsWith('*')
  const functions = []
  let spreads = 0
  const addFunction = (node) => node.body && functions.push(linesOf(node))
  new Visitor({
    FunctionDeclaration: addFunction,
    FunctionExpression: addFunction,
    ArrowFunctionExpression: addFunction,
    ObjectExpression: ({ properties }) => {
      spreads += properties.filter(({ type }) => type === 'SpreadElement').length
    },
  }).visit(program)
  return {
    lines: text.trimEnd().split('\n').length,
    docLines: comments.filter(isDoc).reduce((sum, comment) => sum + linesOf(comment), 0),
    codeLines: countLines(withoutComments(text, comments)),
    spreads,
    functions: functions.filter((lines) => lines >= MIN_FUNCTION_LINES),
    hasLogic: program.body.some(isLogic),
  }
}

function withoutComments(text, comments) {
  return comments.reduceRight((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text)
}

function countLines(text) {
  return text.split('\n').filter((line) => line.trim() !== '').length
}

/** Imports, exports of other files, types and `declare` do nothing. */
function isLogic(statement) {
  const { type, declare } = statement.declaration ?? statement
  return !declare && /^(?:Function|Class|Variable)Declaration$|Statement$|^Arrow|Expression$/.test(type)
}

/** Whether a file is so small that it might belong into another one. */
export function isShard({ hasLogic, codeLines }) {
  return hasLogic && codeLines < SHARD_LINES
}
