import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { mutants as exhaustiveMutants } from '../exhaustive/mutants.mjs'
import { mutants as modelMutants } from '../model/mutants.mjs'
import { testMutants } from '../model/test-mutants.mjs'
import { mutants as simulationMutants } from '../simulation/mutants.mjs'
import { applyEdits } from './apply.mjs'
import { root } from './core.mjs'

/** Applies every mutant to the sources of core. Returns a message for each one that no longer fits. */
export function mutantProblems() {
  const withPlaces = [modelMutants, testMutants, exhaustiveMutants].flatMap(Object.entries)
  const all = [...withPlaces.map(([name, [, edits]]) => [name, edits]), ...Object.entries(simulationMutants)]
  return [...all.flatMap(([name, edits]) => problemOf(name, edits)), ...missingTests()]
}

function problemOf(name, edits) {
  try {
    applyEdits(name, edits)
    return []
  } catch (error) {
    return [error.message]
  }
}

function missingTests() {
  const files = Object.values(testMutants).flatMap(([some]) => some)
  const missing = [...new Set(files)].filter((file) => !existsSync(join(root, String(file))))
  return missing.map((file) => `The test file of a mutant is missing: ${String(file)}`)
}
