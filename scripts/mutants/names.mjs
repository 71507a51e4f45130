import { relative } from 'node:path'
import { coreFiles, root, walk } from './core.mjs'

let known

/**
 * Checks the names that a mutant adds. Without this check, a test would notice a missing name and not the mistake.
 *
 * @throws If a variable does not exist in the changed function or its file, or if no code of core uses a property.
 */
export function checkNames(before, after) {
  known ??= new Set(coreFiles().flatMap(({ program }) => [...namesIn(program).all]))
  const top = topLevelNames(before.program)
  after.program.body.forEach((statement, index) => {
    const oldStatement = before.program.body[index]
    if (textOf(after, statement) === textOf(before, oldStatement)) return
    const old = namesIn(oldStatement)
    const { variables, declared, all } = namesIn(statement)
    const isKnown = (name) =>
      old.variables.has(name) || top.has(name) || declared.has(name) || name in globalThis
    const missing =
      [...variables].find((name) => !isKnown(name)) ??
      [...all].find((name) => !known.has(name) && !isKnown(name))
    if (missing !== undefined)
      throw new Error(
        `the replacement uses '${missing}', which does not exist in ${relative(root, before.path)}`,
      )
  })
}

function textOf({ text }, { start, end }) {
  return text.slice(start, end)
}

/** Returns the names of variables, those that are declared, and all names with those of properties. */
function namesIn(tree) {
  const names = { variables: new Set(), declared: new Set(), all: new Set() }
  walk(tree, (node, ancestors) => {
    for (const name of declaredBy(node)) names.declared.add(name)
    if (node.type !== 'Identifier') return
    names.all.add(node.name)
    if (!isPropertyName(node, ancestors.at(-1))) names.variables.add(node.name)
  })
  return names
}

function isPropertyName(node, parent) {
  if (parent?.computed) return false
  return parent?.property === node || (parent?.key === node && !parent.shorthand)
}

function declaredBy({ type, id, params }) {
  const nodes = type === 'VariableDeclarator' ? [id] : (params ?? [])
  return nodes.map(({ name }) => name).filter((name) => typeof name === 'string')
}

function topLevelNames({ body }) {
  const declarations = body.map((statement) => statement.declaration ?? statement)
  return new Set(
    declarations
      .flatMap(({ id, declarations: variables = [], specifiers = [] }) => [
        id,
        ...variables.map((variable) => variable.id),
        ...specifiers.map(({ local }) => local),
      ])
      .map((node) => node?.name),
  )
}
