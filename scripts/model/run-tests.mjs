import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../mutants/core.mjs'

const config = fileURLToPath(new URL('vitest.config.mjs', import.meta.url))

/**
 * Runs test files against core.
 *
 * @param sources - Changed sources of core by their path, from `applyEdits`.
 * @returns The name of the first test that fails, or `undefined` if all pass.
 * @throws If no test could be run.
 */
export async function runTests(files, sources = new Map()) {
  const folder = await mkdtemp(join(tmpdir(), 'mutant-'))
  try {
    const outputFile = join(folder, 'results.json')
    const sourceFile = join(folder, 'sources.json')
    await writeFile(sourceFile, JSON.stringify([...sources]))
    const output = await vitest([...files, '--reporter=json', `--outputFile=${outputFile}`], sourceFile)
    const report = await readFile(outputFile, 'utf8').catch(() => undefined)
    if (report === undefined) throw new Error(`The tests could not be run: ${output}`)
    return firstFailure(JSON.parse(report))
  } finally {
    await rm(folder, { recursive: true })
  }
}

function firstFailure({ success, testResults }) {
  if (success) return undefined
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed')
  if (!failed)
    throw new Error(`A test file could not be loaded: ${testResults.map(({ message }) => message).join(' ')}`)
  return failed.fullName
}

function vitest(args, sourceFile) {
  return new Promise((resolve) => {
    const env = { ...process.env, MUTANT: sourceFile }
    const command = ['vitest', 'run', '--config', config, '--bail=1', ...args]
    const child = spawn('npx', command, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('close', () => resolve(output))
  })
}
