import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** A piece of code in a document or a doc comment. */
export interface Snippet {
  /** The path of the file that contains it. */
  readonly source: string
  readonly code: string
}

/**
 * Compiles each snippet as a module, and returns the errors of the compiler.
 *
 * @param name - The folder below `.cache` for the modules. Each test needs its own.
 * @param declarations - Files that declare global names for the snippets.
 */
export function compileSnippets(
  name: string,
  snippets: readonly Snippet[],
  declarations: readonly string[] = [],
): string {
  const folder = join(root, '.cache', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  snippets.forEach(({ source, code }, i) => {
    writeFileSync(join(folder, `${source.replaceAll(/[^\w]+/g, '-')}-${i}.ts`), `${code}\nexport {}\n`)
  })
  const options = {
    extends: '../../tsconfig.tests.json',
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    files: declarations,
    include: ['*.ts'],
    references: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options))
  return typeErrors(folder)
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
