import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { expect, it } from 'vitest'
import { compileSnippets, root, type Snippet } from './compile-snippets.ts'

const PACKAGES = ['core', 'node', 'deno', 'cloudflare', 'testkit']

/**
 * The entries whose functions examples use. If several export a name, an entry of the package of the example wins, and
 * then the first one.
 */
const ENTRIES = {
  '@evertoken/node': () => import('@evertoken/node'),
  '@evertoken/core/adapter': () => import('@evertoken/core/adapter'),
  '@evertoken/core/tokens': () => import('@evertoken/core/tokens'),
  '@evertoken/core/grants': () => import('@evertoken/core/grants'),
  '@evertoken/core/providers': () => import('@evertoken/core/providers'),
  '@evertoken/core/requests': () => import('@evertoken/core/requests'),
  '@evertoken/core/redis': () => import('@evertoken/core/redis'),
  '@evertoken/deno': () => import('@evertoken/deno'),
  '@evertoken/cloudflare': () => import('@evertoken/cloudflare'),
  '@evertoken/testkit': () => import('@evertoken/testkit'),
}

/** A module, and the values that it exports. */
interface Module {
  readonly path: string
  readonly names: readonly string[]
}

it('shows examples in doc comments that type-check', async () => {
  const entries = await Promise.all(
    Object.entries(ENTRIES).map(async ([path, load]) => ({ path, names: Object.keys(await load()) })),
  )
  const examples = PACKAGES.flatMap((name) => {
    const isOwn = ({ path }: Module) => path.startsWith(`@evertoken/${name}`)
    const modules = [...entries.filter(isOwn), ...entries]
    return sourcesOf(`packages/${name}/src`).flatMap((source) => examplesOf(source, modules))
  })

  expect(examples.length).toBeGreaterThan(0)
  const context = join(root, 'test/architecture/example-context.d.ts')
  expect(compileSnippets('examples', examples, [context])).toBe('')
})

function examplesOf(source: string, modules: readonly Module[]): Snippet[] {
  const path = join(root, source)
  const text = readFileSync(path, 'utf8')
  const own = { path, names: exportsOf(text) }
  return examplesIn(text).map((code) => ({ source, code: withImports(code, [own, ...modules]) }))
}

function sourcesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path))
}

/** The functions and constants that a file declares and exports. */
function exportsOf(text: string): string[] {
  const found = text.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)
  return [...found].map(([, name = '']) => name)
}

/** An example ends at the next tag. Some are in a code block. */
function examplesIn(text: string): string[] {
  const docs = parseSync('source.ts', text).comments.filter(({ value }) => value.startsWith('*\n'))
  return docs.flatMap(({ value }) => {
    const lines = value.replaceAll(/^ *\* ?/gm, '')
    const found = `${lines}\n@end`.matchAll(/^@example\n([\s\S]*?)(?=^@\w)/gm)
    return [...found].map(([, code = '']) => code.replaceAll(/^```.*$/gm, ''))
  })
}

/** Adds the imports that an example leaves out. */
function withImports(code: string, modules: readonly Module[]): string {
  const known = new Set(declaredIn(code))
  const imports = modules.flatMap(({ path, names }) => {
    const used = names.filter(
      (name) => !known.has(name) && new RegExp(`(?<!\\w|[^.]\\.)${name}\\b`).test(code),
    )
    for (const name of used) known.add(name)
    return used.length === 0 ? [] : [`import { ${used.join(', ')} } from '${path}'`]
  })
  return [...imports, code].join('\n')
}

function declaredIn(code: string): string[] {
  const lists = [...code.matchAll(/(?:const|import) (?:type )?(?:\{([^}]*)\}|(\w+))/g)]
  return lists.flatMap(([, list, name]) => (list ?? name ?? '').split(',').map((each) => each.trim()))
}
