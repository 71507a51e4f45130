// Runs seeds of the bundled simulation, one after the other, and posts a report of each.
import { parentPort, workerData } from 'node:worker_threads'

const { check } = await import(workerData.bundle)

async function report(seed) {
  const result = await check(seed)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort.postMessage(result)
}

parentPort.on('message', (seed) => void report(seed))
