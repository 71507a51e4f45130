import { coreFiles, definitions, describePlace, parse, walk } from './core.mjs'
import { match, parsePattern, simple } from './match.mjs'
import { checkNames } from './names.mjs'

const MAX_SHOWN = 6

/**
 * Makes a mutant of core. The comment in scripts/model/mutants.mjs describes edits.
 *
 * @param name - The name of the mutant, for messages.
 * @returns The changed sources by absolute path.
 * @throws If an edit does not match exactly once, or if it changes nothing.
 */
export function applyEdits(name, edits) {
  const changes = new Map()
  for (const edit of edits) {
    const { file, change } = failAs(`Mutant '${name}'`, () => changeOf(edit))
    changes.set(file, [...(changes.get(file) ?? []), change])
  }
  const sources = [...changes].map(([file, ofFile]) => {
    const text = failAs(`Mutant '${name}'`, () => rewrite(file, ofFile))
    return [file.path, text]
  })
  return new Map(sources)
}

function failAs(subject, work) {
  try {
    return work()
  } catch (error) {
    throw new Error(`${subject}: ${error.message}`, { cause: error })
  }
}

/** Applies the changes of one file, the last one first, so that the positions of the others stay right. */
function rewrite(file, changes) {
  const { path, text } = file
  let end = text.length
  let changed = text
  for (const change of changes.toSorted((a, b) => b.start - a.start)) {
    if (change.end > end) throw new Error(`two edits change the same code in ${path}`)
    end = change.start
    changed = changed.slice(0, change.start) + change.text + changed.slice(change.end)
  }
  if (changed === text) throw new Error(`the edits do not change ${path}`)
  checkNames(file, { text: changed, program: parse(path, changed) })
  return changed
}

function changeOf(edit) {
  const { file, node, ancestors, captured } = findOnce(edit)
  if (edit.remove !== undefined) return { file, change: removal(file, node, ancestors) }
  const text = fill(edit.with, file, node, captured)
  return { file, change: { start: node.start, end: node.end, text: fit(text, node, ancestors) } }
}

/** Finds the one place that an edit describes. */
function findOnce(edit) {
  const scope = edit.in ?? edit.constant
  const pattern = parsePattern(
    edit.constant === undefined ? (edit.replace ?? edit.remove) : `${scope} = $value`,
  )
  const text = edit.replace ?? edit.remove ?? 'a value'
  const scopes = definitions(scope)
  const found = unique(scopes.flatMap((place) => find(pattern, place)))
  const [nth, count] = edit.nth?.split(' of ').map(Number) ?? [1, 1]
  if (found.length === count) return edit.constant === undefined ? found[nth - 1] : valueOf(found[0])
  const everywhere = coreFiles().flatMap((file) => find(pattern, { file, node: file.program, ancestors: [] }))
  const places = [`All of core contains the code at: ${listOf(everywhere)}`]
  if (scopes.length === 0) {
    places.unshift(`no function or constant of core has the name '${scope}'. Its code to change: ${text}`)
  } else {
    places.unshift(
      `'${scope}' must contain this code ${count === 1 ? 'once' : `${count} times`}: ${text}`,
      `'${scope}' is defined at: ${listOf(scopes)}`,
      `It contains the code at: ${listOf(found)}`,
    )
  }
  throw new Error(places.join('\n  '))
}

function listOf(places) {
  const shown = places.slice(0, MAX_SHOWN).map(describePlace).join(', ') || 'no place'
  return places.length > MAX_SHOWN ? `${shown}, and ${places.length - MAX_SHOWN} other places` : shown
}

function find(pattern, { file, node: scope, ancestors: outer }) {
  const found = []
  walk(
    scope,
    (node, ancestors) => {
      const captured = node === simple(node) && match(pattern, node)
      if (captured) found.push({ file, node, ancestors, captured })
    },
    outer,
  )
  return found
}

/** Functions with the same name can be nested. */
function unique(places) {
  return [...new Map(places.map((place) => [place.node, place])).values()]
}

function valueOf({ file, node, ancestors }) {
  const value = node.init
  return { file, node: value, ancestors: [...ancestors, node], captured: new Map([['$value', [value]]]) }
}

/** Puts captured code into a replacement: `$name`, `$$$name`, and `$0` for everything that was matched. */
function fill(replacement, { text }, node, captured) {
  return replacement.replaceAll(/\${3}\w+|\$\w+/g, (name) => {
    const nodes = name === '$0' ? [node] : captured.get(name)
    if (!nodes) throw new Error(`the replacement uses ${name}, but the pattern does not contain it`)
    return nodes.length === 0 ? '' : text.slice(nodes[0].start, nodes.at(-1).end)
  })
}

/** Adds the syntax that a replacement needs at its place. */
function fit(text, node, ancestors) {
  const parent = ancestors.at(-1)
  if (isStatement(node)) return isListed(parent, node) ? text : `{ ${text} }`
  if (parent.type === 'ExpressionStatement') return fit(text, parent, ancestors.slice(0, -1))
  if (parent.type === 'Property' && parent.shorthand) return `${parent.key.name}: ${text}`
  const isExpression = /Expression$|^Literal$|^Identifier$|^TemplateLiteral$/.test(node.type)
  const startsStatement = ancestors.findLast(isStatement)?.start === node.start
  return isExpression && !startsStatement ? `(${text})` : text
}

/** Removes a property of an object. Of any other code, it removes the whole statement. */
function removal({ text }, node, ancestors) {
  const parent = ancestors.at(-1)
  if (isStatement(node)) return { start: node.start, end: node.end, text: isListed(parent, node) ? '' : '{}' }
  if (node.type !== 'Property') return removal({ text }, parent, ancestors.slice(0, -1))
  const comma = /^\s*,/.exec(text.slice(node.end))?.[0].length ?? 0
  return { start: node.start, end: node.end + comma, text: '' }
}

function isStatement({ type }) {
  return /Statement$|^VariableDeclaration$/.test(type)
}

/** Whether the statement is one of several, in a block or in a case of a `switch`. */
function isListed({ body, consequent }, statement) {
  return [body, consequent].some((part) => Array.isArray(part) && part.includes(statement))
}
