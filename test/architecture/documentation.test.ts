import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

it('documents with code that type-checks', () => {
  const folder = join(root, '.cache/documentation')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const blocks = documents().flatMap((document) => {
    const found = readFileSync(join(root, document), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)
    return [...found].map(([, code = '']) => ({ document, code }))
  })
  blocks.forEach(({ document, code }, i) => {
    const name = `${document.replaceAll(/[^\w]+/g, '-')}-${i}.ts`
    writeFileSync(join(folder, name), `${code}\nexport {}\n`)
  })
  const options = {
    extends: '../../tsconfig.tests.json',
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    files: [],
    include: ['*.ts'],
    references: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options))

  expect(blocks.length).toBeGreaterThan(0)
  expect(typeErrors(folder)).toBe('')
})

it('links to files that exist', () => {
  const broken = documents().flatMap((document) => {
    const links = readFileSync(join(root, document), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)
    const dead = [...links].filter(([, to = '']) => !existsSync(join(root, dirname(document), to)))
    return dead.map(([, to]) => `${document} -> ${to}`)
  })
  expect(broken).toEqual([])
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
    ...['docs', 'packages', 'examples'].flatMap(under),
  ]
}

function typeErrors(project: string): string {
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], {
      encoding: 'utf8',
    })
    return ''
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}
