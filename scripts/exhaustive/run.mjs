import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

/** Explores worlds in a thread. Resolves to one result for each of them. A crash is a violation. */
export function exploreWorlds(bundle, jobs) {
  return new Promise((resolve) => {
    const results = []
    const workerData = { bundle: pathToFileURL(bundle).href, jobs }
    const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData })
    worker.on('message', (result) => results.push(result))
    worker.on('error', (error) =>
      results.push({ job: jobs[0], states: 0, violations: [{ text: String(error.stack), path: [] }] }),
    )
    worker.on('exit', () => resolve(results))
  })
}
