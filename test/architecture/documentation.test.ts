import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { compileSnippets, root } from './compile-snippets.ts'

/** A longer page has more than one topic. */
const MAX_LINES = 150

it('documents with code that type-checks', () => {
  const blocks = documents().flatMap((source) => {
    const found = readFileSync(join(root, source), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)
    return [...found].map(([, code = '']) => ({ source, code }))
  })

  expect(blocks.length).toBeGreaterThan(0)
  // The SDKs that some examples use are not installed.
  const modules = join(root, 'test/programs/ambient.d.ts')
  expect(compileSnippets('documentation', blocks, [modules])).toBe('')
})

it('links to files and headings that exist', () => {
  const broken = documents().flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
    const dead = links.filter(([, to = '', heading]) => {
      const target = to === '' ? document : join(dirname(document), to)
      if (!existsSync(join(root, target))) return true
      return heading !== undefined && !headings(target).includes(heading)
    })
    return dead.map(([link]) => `${document} -> ${link}`)
  })
  expect(broken).toEqual([])
})

it('has a page for each error code, and a line for it in the index', () => {
  const source = readFileSync(join(root, 'packages/core/src/vocabulary/error-codes.ts'), 'utf8')
  const codes = [...source.matchAll(/[|=] '([a-z_]+)'/g)].map(([, code]) => code)
  const pages = readdirSync(join(root, 'docs/errors')).filter((name) => name !== 'README.md')
  const index = readFileSync(join(root, 'docs/errors/README.md'), 'utf8')
  const listed = [...index.matchAll(/^\| \[`([a-z_]+)`\]/gm)].map(([, code]) => code)

  expect(codes.length).toBeGreaterThan(0)
  expect(new Set(pages)).toEqual(new Set(codes.map((code) => `${code}.md`)))
  expect(new Set(listed)).toEqual(new Set(codes))
})

it('has pages of at most 150 lines, all of which are in the index', () => {
  const pages = documents().filter((document) => document.startsWith('docs/'))
  const long = ['README.md', ...pages].filter((document) => lines(document) > MAX_LINES)
  expect(long).toEqual([])

  const indexes = ['docs/README.md', 'docs/quick-start/README.md', 'docs/errors/README.md']
  const listed = indexes.flatMap((index) => {
    const links = readFileSync(join(root, index), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)
    return [...links].map(([, to = '']) => join(dirname(index), to))
  })
  expect(pages.filter((page) => !['docs/README.md', ...listed].includes(page))).toEqual([])
})

function documents(): string[] {
  const under = (folder: string) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
          .filter((path) => path.endsWith('.md') && !/node_modules|dist|\.peers/.test(path))
          .map((path) => join(folder, path))
      : []
  return [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'SECURITY.md',
    ...['docs', 'packages', 'examples'].flatMap(under),
  ]
}

function lines(document: string): number {
  return readFileSync(join(root, document), 'utf8').trimEnd().split('\n').length
}

/** The anchors of a page, as GitHub creates them. */
function headings(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '')
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}
