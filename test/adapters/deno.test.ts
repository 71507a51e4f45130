import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { ensureTool } from '../../scripts/tools.mjs'
import { proveExample } from './example.ts'
import { startProgram } from './start-program.ts'
import { createWorld } from './world.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const example = join(root, 'examples/deno')
const deno = await ensureTool('deno', '2.9.5')
const inRoot = (...args: string[]) => run(deno, args, { cwd: root, env: { ...process.env, NO_COLOR: '1' } })

describe('@evertoken/deno', () => {
  const folder = mkdtempSync(join(tmpdir(), 'evertoken-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('keeps sessions in the real Deno KV by the contract of stores', async () => {
    const file = join(folder, 'sessions.kv')
    const allowed = [`--allow-read=${file}`, `--allow-write=${file}`]
    const program = 'packages/deno/test/kv-contract.ts'

    const { stdout } = await inRoot('run', '--no-prompt', '--unstable-kv', ...allowed, program, file)

    process.stdout.write(stdout)
    expect(stdout).toMatch(/^stores: Deno KV passed=\d{2,} failed=0\n$/)
  })

  it('type-checks as source, with the types of Deno, as its example and its documentation do', async () => {
    await inRoot('check', '--unstable-kv', 'packages/deno/src/index.ts', 'examples/deno/main.ts')
    await inRoot('check', '--unstable-kv', '--doc-only', 'docs/quick-start/deno.md')
  })

  it.each(['packages/core', 'packages/deno'])('could be published to JSR: %s', async (folderOf) => {
    await run(deno, ['publish', '--dry-run', '--allow-dirty'], { cwd: join(root, folderOf) })
  })
})

describe('the Deno example', () => {
  const start = (env: Readonly<Record<string, string>>) =>
    startProgram(deno, ['task', 'start'], { cwd: example, env })
  afterEach(() => {
    for (const file of readdirSync(example)) if (file.startsWith('sessions.kv')) rmSync(join(example, file))
  })

  it('signs in, refreshes once for a burst, and signs out', () => proveExample(start))

  it('refreshes once for two processes that share a file', () => proveExample(start, 2))

  it('needs each permission that it documents', async () => {
    const command = startCommand().split(' ').slice(1)
    const world = await createWorld()
    onTestFinished(world.close)
    const permissions = command.filter((argument) => argument.startsWith('--allow-'))
    for (const permission of permissions) {
      const others = command.filter((argument) => argument !== permission)
      const started = startProgram(deno, others, { cwd: example, env: world.env })
      await expect(started).rejects.toThrow(/NotCapable/)
    }
    expect(permissions).toHaveLength(4)
    expect(readFileSync(join(root, 'docs/quick-start/deno.md'), 'utf8')).toContain(
      permissions.join(' \\\n  '),
    )
  })
})

function startCommand(): string {
  const { tasks } = JSON.parse(readFileSync(join(example, 'deno.json'), 'utf8')) as {
    tasks: { start: string }
  }
  return tasks.start
}
