// Runs seeds of the bundled simulation, one after the other, and posts a report of each.
import { parentPort, workerData } from 'node:worker_threads'

const { check } = await import(workerData.bundle)
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort.on('message', async (seed) => parentPort.postMessage(await check(seed)))
