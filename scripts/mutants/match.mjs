import { parse } from './core.mjs'

/** Parts of a node that a pattern does not compare: positions, formatting and types. */
const IGNORED = new Set(
  (
    'type start end raw kind optional shorthand definite declare directive decorators ' +
    'typeAnnotation returnType typeArguments typeParameters'
  ).split(' '),
)
/** Nodes that only add a type, or that group the parts of `a?.b`. */
const WRAPPERS = new Set([
  'ChainExpression',
  'TSAsExpression',
  'TSNonNullExpression',
  'TSSatisfiesExpression',
])

/** Parses a pattern: an expression, a statement, or a property as `key: value`. */
export function parsePattern(text) {
  try {
    return unwrap(parse('pattern.ts', `(${text}\n)`).body[0].expression)
  } catch {
    const [definition] = parse('pattern.ts', `async function pattern() { for (;;) { ${text} } }`).body
    const statements = definition.body.body[0].body.body
    if (statements.length !== 1)
      throw new SyntaxError(`A pattern must be one expression or statement: ${text}`)
    return statements[0]
  }
}

/** Compares a node with a pattern. Returns the captured parts by name, each a list of nodes, or `undefined`. */
export function match(pattern, node) {
  const captured = new Map()
  return compare(pattern, node, captured) ? captured : undefined
}

function unwrap(node) {
  return WRAPPERS.has(node?.type) ? unwrap(node.expression) : node
}

function compare(pattern, node, captured) {
  if (Array.isArray(pattern)) return Array.isArray(node) && compareLists(pattern, node, captured)
  if (typeof pattern?.type !== 'string') return (pattern ?? undefined) === (node ?? undefined)
  const wildcard = wildcardOf(pattern)
  if (wildcard) return typeof node?.type === 'string' && capture(wildcard, [node], captured)
  const [expected, actual] = [simple(pattern), simple(node)]
  if (!actual) return false
  if (expected !== pattern || actual !== node) return compare(expected, actual, captured)
  const pairs = PAIRS[pattern.type]?.(pattern, node)
  if (pairs) return pairs.every(([left, right]) => compare(left, right, captured))
  if (pattern.type !== node.type) return false
  if (pattern.type === 'TemplateElement') return pattern.value.cooked === node.value.cooked
  if (pattern.regex) return pattern.raw === node.raw
  return Object.keys(pattern).every((key) => IGNORED.has(key) || compare(pattern[key], node[key], captured))
}

/** Patterns that stand for several kinds of node: the parts to compare, or `undefined` for a node of the same kind. */
const PAIRS = {
  // `name = value` also finds a variable with this value, and a parameter with this default.
  AssignmentExpression(pattern, node) {
    if (pattern.operator !== '=') return undefined
    if (node.type === 'VariableDeclarator')
      return [
        [pattern.left, node.id],
        [pattern.right, node.init],
      ]
    if (node.type !== 'AssignmentPattern') return undefined
    return [
      [pattern.left, node.left],
      [pattern.right, node.right],
    ]
  },
  // `key: value` finds a property.
  LabeledStatement(pattern, node) {
    if (node.type !== 'Property') return undefined
    return [
      [pattern.label, node.key],
      [pattern.body.expression, node.value],
    ]
  },
}

/** A block of one statement is the same as that statement. A node with a type is the same as one without. */
export function simple(node) {
  const inner = unwrap(node)
  return inner?.type === 'BlockStatement' && inner.body.length === 1 ? simple(inner.body[0]) : inner
}

/** Tries every length for `$$$name`, the shortest first. */
function compareLists([first, ...rest], nodes, captured) {
  if (first === undefined) return nodes.length === 0
  const wildcard = first && wildcardOf(first)
  if (!wildcard?.startsWith('$$$')) {
    if (nodes.length === 0 || !compare(first, nodes[0], captured)) return false
    return compareLists(rest, nodes.slice(1), captured)
  }
  for (let count = 0; count <= nodes.length; count++) {
    const attempt = new Map(captured)
    if (!capture(wildcard, nodes.slice(0, count), attempt)) continue
    if (!compareLists(rest, nodes.slice(count), attempt)) continue
    for (const [name, part] of attempt) captured.set(name, part)
    return true
  }
  return false
}

/** A name that occurs twice in a pattern must stand for the same code. */
function capture(name, nodes, captured) {
  const before = captured.get(name)
  if (!before) captured.set(name, nodes)
  return !before || compareLists(before, nodes, new Map())
}

function wildcardOf(node) {
  if (node.type === 'ExpressionStatement') return wildcardOf(node.expression)
  const inner = node.type === 'Property' && node.shorthand ? node.value : node
  return inner.type === 'Identifier' && inner.name.startsWith('$') ? inner.name : undefined
}
