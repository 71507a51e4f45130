import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { World } from '../adapters/world.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Returns the code blocks below a heading of a page, without those below its subheadings. */
export function codeBelow(page: string, heading: string): readonly string[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  const sections = text.split(/^(?=#+ )/m)
  const section = sections.find((each) => each.replace(/^#+ /, '').startsWith(`${heading}\n`))
  const blocks = [...(section ?? '').matchAll(/^```(?:ts|typescript|jsonc)\n([\s\S]*?)^```/gm)]
  if (blocks.length === 0) throw new Error(`${page} has no code below "${heading}"`)
  return blocks.map(([, code = '']) => code)
}

/** Replaces the hosts of the documentation by those of the test. */
export function localise(code: string, { env }: Pick<World, 'env'>, origin = ''): string {
  return code
    .replaceAll('https://login.example.com', env['ISSUER'] ?? '')
    .replaceAll('https://api.example.com', env['API_URL'] ?? '')
    .replaceAll('https://app.example.com', origin)
}

/** Replaces a declaration by an import, which the documentation leaves out to keep an example short. */
export function importAuth(code: string): string {
  return code.replace(/^declare const auth\b.*$/m, "import { auth } from './auth.ts'")
}

/** The part of a program that creates `auth`, as a module. */
export function authModule(program: string): string {
  return program
    .replace(/^const orders[\s\S]*$/m, '')
    .replace('const auth =', 'export const auth =')
    .replace(/^export \{ EvertokenSessions.*$/m, '')
}
