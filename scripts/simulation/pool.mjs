import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

const THREADS = 2

/**
 * Runs seeds in separate threads, because the simulation replaces globals.
 *
 * @param onReport - Gets each report. If it returns `false`, the remaining seeds are skipped.
 */
export async function runSeeds(bundle, seeds, onReport) {
  const queue = [...seeds]
  await Promise.all(Array.from({ length: Math.min(THREADS, queue.length) }, work))

  async function work() {
    const worker = new Worker(new URL('worker.mjs', import.meta.url), {
      workerData: { bundle: pathToFileURL(bundle).href },
    })
    try {
      for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
        if (onReport(await ask(worker, seed)) === false) queue.length = 0
      }
    } finally {
      await worker.terminate()
    }
  }
}

/** A worker that dies is a violation of the seed that it ran. */
function ask(worker, seed) {
  return new Promise((resolve) => {
    const crash = (error) => resolve({ seed, digest: '', violations: [`crash: ${error.stack}`] })
    worker.once('error', crash)
    worker.once('message', (report) => {
      worker.off('error', crash)
      resolve(report)
    })
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    worker.postMessage(seed)
  })
}
