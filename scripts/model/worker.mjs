// Runs the bundled model, scenario by scenario, and posts the results.
import { parentPort, workerData } from 'node:worker_threads'

const { bundle, jobs } = workerData
const { check } = await import(bundle)
for (const { scenario, ...options } of jobs) {
  const violation = await check(scenario, options)
  parentPort.postMessage({ scenario, violation }, [])
  if (violation) break
}
