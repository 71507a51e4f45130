// Runs the programs of the documentation on edge runtimes. Usage: see scripts/test-edge.mjs
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { createWorld } from '../adapters/world.ts'
import { otherPrograms } from './other-programs.ts'
import type { Program, ProgramContext } from './programs.ts'
import { typePrograms } from './types.ts'
import { workerPrograms } from './worker-programs.ts'

type Tools = Pick<ProgramContext, 'project' | 'deno' | 'bun'>

const [json = '', ...words] = process.argv.slice(2)
const tools = JSON.parse(json) as Tools
const all = [...typePrograms, ...workerPrograms, ...otherPrograms]
const programs = all.filter(({ name }) => words.every((word) => name.includes(word)))

/** A program that takes longer hangs. */
const PROGRAM_MS = 60_000

let failed = 0
for (const program of programs) {
  const startedAt = performance.now()
  const problem = await Promise.race([runProgram(program), timeout()]).then(() => undefined, describeError)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  print(`${problem === undefined ? 'ok  ' : 'FAIL'} ${program.name.padEnd(50)} ${seconds}s`)
  if (problem !== undefined) print(problem)
  if (problem !== undefined) failed += 1
}
print(`\nedge: programs=${programs.length} passed=${programs.length - failed} failed=${failed}`)
process.exit(failed > 0 || programs.length === 0 ? 1 : 0)

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function runProgram(program: Program): Promise<void> {
  const folder = await mkdtemp(join(tools.project, 'program-'))
  const world = await createWorld()
  try {
    await program.run({ ...tools, folder, world })
  } finally {
    await world.close()
  }
}

function timeout(): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`took longer than ${PROGRAM_MS / 1000} s`)), PROGRAM_MS).unref()
  })
}

function describeError(error: unknown): string {
  const { stack, stdout } = Object(error) as { readonly stack?: string; readonly stdout?: string }
  return [stack ?? String(error), stdout].filter(Boolean).join('\n')
}
