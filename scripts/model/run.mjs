import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

/** Runs jobs of the model in a separate thread, up to the first violation. An uncaught error is a violation. */
export function runModel(bundle, jobs, onDone = () => {}) {
  return new Promise((resolve) => {
    let violation
    const workerData = { bundle: pathToFileURL(bundle).href, jobs }
    const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData })
    worker.on('message', (message) => {
      violation = message.violation
      onDone(message)
    })
    worker.on('error', (error) => {
      violation = { invariant: 'crash', text: String(error.stack) }
    })
    worker.on('exit', () => resolve(violation))
  })
}
