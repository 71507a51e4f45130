import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const source = join(root, 'packages/core/src')

let files

/** Returns the parsed source files of core: `{ path, text, program }`. Reads them once. */
export function coreFiles() {
  files ??= readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .toSorted()
    .map((name) => {
      const path = join(source, name)
      const text = readFileSync(path, 'utf8')
      return { path, text, program: parse(path, text) }
    })
  return files
}

/** Parses TypeScript. Parentheses are not nodes of the tree. */
export function parse(path, text) {
  const { program, errors } = parseSync(path, text, { lang: 'ts', preserveParens: false })
  if (errors.length > 0) throw new SyntaxError(`${errors[0].message} in: ${text.slice(0, 200)}`)
  return program
}

/** Calls `visit` with each node and its ancestors, outermost first. */
export function walk(node, visit, ancestors = []) {
  visit(node, ancestors)
  const inside = [...ancestors, node]
  for (const child of childrenOf(node)) walk(child, visit, inside)
}

/** A check walks all of core several times. Without intermediate arrays, that takes half the time. */
function childrenOf(node) {
  const children = []
  for (const value of Object.values(node))
    for (const child of Array.isArray(value) ? value : [value])
      if (typeof child?.type === 'string') children.push(child)
  return children
}

let byName

/**
 * Finds functions and constants of core by their name, wherever they are.
 *
 * @param path - A name, or names with dots between them: an outer function and a function or constant in it.
 * @returns Each definition as `{ file, node, ancestors }`.
 */
export function definitions(path) {
  byName ??= indexNames()
  const names = path.split('.')
  const isMeant = ({ ancestors }) => isInOrder(names.slice(0, -1), ancestors.map(nameOf).filter(Boolean))
  return (byName.get(names.at(-1)) ?? []).filter(isMeant)
}

function indexNames() {
  const index = new Map()
  for (const file of coreFiles()) {
    walk(file.program, (node, ancestors) => {
      const name = nameOf(node)
      if (name !== undefined) index.set(name, [...(index.get(name) ?? []), { file, node, ancestors }])
    })
  }
  return index
}

function isInOrder(names, all) {
  let from = 0
  return names.every((name) => (from = all.indexOf(name, from) + 1) > 0)
}

/** The name of a function, a method, a constant or a variable. `undefined` for any other node. */
export function nameOf(node) {
  if (node.type === 'FunctionDeclaration') return node.id.name
  if (node.type === 'VariableDeclarator') return node.id.name
  return node.type === 'Property' && isFunction(node.value) && !node.computed ? node.key.name : undefined
}

function isFunction(node) {
  return /^(?:Arrow)?FunctionExpression$/.test(node?.type)
}

/** Describes a place for a message: its file, its line and the functions around it. */
export function describePlace({ file, node, ancestors }) {
  const line = file.text.slice(0, node.start).split('\n').length
  const functions = ancestors.filter((each) => each.type !== 'VariableDeclarator' || isFunction(each.init))
  const names = functions.map(nameOf).filter(Boolean)
  return `${relative(root, file.path)}:${line}${names.length === 0 ? '' : ` in '${names.join('.')}'`}`
}
