import { join } from 'node:path'
import { applyEdits } from '../mutants/apply.mjs'
import { bundleSimulation } from './bundle.mjs'
import { mutants } from './mutants.mjs'
import { runSeeds } from './pool.mjs'

/** Builds the product with one mistake at a time. The simulation must notice each one. */
export async function testMutants(wanted, { folder, seeds }) {
  const names = Object.keys(mutants).filter((name) => wanted === 'all' || wanted === name)
  let killed = 0
  for (const name of names) {
    const bundle = join(folder, `${name.replaceAll(' ', '-')}.mjs`)
    await bundleSimulation(bundle, applyEdits(name, mutants[name]))
    let noticed
    await runSeeds(bundle, seeds, ({ seed, violations }) => {
      if (violations.length > 0) noticed ??= `seed ${seed}: ${violations[0]}`
      return noticed === undefined
    })
    if (noticed !== undefined) killed++
    console.log(`mutant ${name}: ${noticed ?? 'SURVIVED'}`)
  }
  return { killed, count: names.length }
}
