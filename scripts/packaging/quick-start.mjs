import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { root, run } from './packages.mjs'

const TIMEOUT_MS = 30_000
/** The first block of TypeScript under the heading. */
const QUICK_START = /^## Quick start\n[\s\S]*?^```ts\n([\s\S]*?)^```/m

/**
 * Runs the quick start of the README in a project, until its server listens. It needs no authorization server for that.
 *
 * @throws {Error} If the README has no quick start, or if it fails.
 */
export async function runQuickStart(project) {
  const [, source] = QUICK_START.exec(await readFile(join(root, 'README.md'), 'utf8')) ?? []
  if (source === undefined) throw new Error('The README has no TypeScript under the heading "Quick start".')
  const stopping = source.replace(/\blisten\(\d+\)/, 'listen(0, () => process.exit())')
  const { code } = await transform(stopping, { loader: 'ts', format: 'esm' })
  const file = join(project, 'quick-start.mjs')
  await writeFile(file, code)
  const env = { ...process.env, ...environmentFor(code) }
  await run(process.execPath, [file], { cwd: project, env, timeout: TIMEOUT_MS })
}

/** A value for each variable that the code reads. */
function environmentFor(code) {
  const names = [...code.matchAll(/process\.env\.(\w+)/g)].map(([, name]) => name)
  const valueOf = (name) =>
    /URL|ISSUER|ORIGIN/.test(name) ? 'https://app.example.com' : 'a value of at least 32 characters'
  return Object.fromEntries(names.map((name) => [name, valueOf(name)]))
}
