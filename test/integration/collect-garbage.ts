import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Collection needs turns of the event loop. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await new Promise(setImmediate)
    gc()
  }
  await new Promise(setImmediate)
}
