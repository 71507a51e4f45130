import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One source file of core, with everything it imports or re-exports. */
export interface SourceFile {
  /** From `packages/core/src`. */
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
  /** Those that are left when the types are gone. */
  readonly values: readonly string[]
}

export const coreSource: string = fileURLToPath(new URL('../../packages/core/src', import.meta.url))

export function readCore(): SourceFile[] {
  return readdirSync(coreSource, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(coreSource, path), 'utf8')
      // Examples in doc comments import too.
      const code = text.replace(/^ *\/?\*.*$/gm, '')
      const pathsOf = (part: string) => [...importsOf(part)].map((specifier) => toPath(path, specifier))
      const values = pathsOf(code.replace(/^(?:import|export) type[^']*'[^']*'$/gm, ''))
      return { path, text, imports: pathsOf(code), values }
    })
}

function* importsOf(text: string): Iterable<string> {
  for (const match of text.matchAll(/^(?:import|export)\s[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm)) {
    yield match[1] ?? match[2] ?? ''
  }
  for (const match of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)) yield match[1] ?? ''
}

function toPath(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  return relative(coreSource, resolve(coreSource, dirname(from), specifier))
}
