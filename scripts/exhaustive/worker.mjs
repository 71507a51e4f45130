// Explores the worlds of the bundled model one after the other, and posts the results.
import { parentPort, workerData } from 'node:worker_threads'

const { check } = await import(workerData.bundle)
for (const job of workerData.jobs) {
  const { states, violations } = check(job)
  parentPort.postMessage({ job, states, violations }, [])
  if (job.isFirstEnough && violations.length > 0) break
}
