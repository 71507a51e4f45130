import { createHash } from 'node:crypto'
import type { Random } from '../faults/random.ts'
import { EPOCH, type MachineWorld, type Moment } from '../machines/machine.ts'
import { createVirtualTime, microtasks } from '../machines/virtual-time.ts'

/** Virtual time, and everything that can happen next. The seed decides which of it happens. */
export interface World extends MachineWorld {
  readonly random: Random
  /** True wall time, in seconds since the epoch. */
  now(): number
  moment(): Moment
  /** Writes to the event log. */
  note(text: string): void
  /** Runs until `work` has settled; `false` if that takes too many steps, or if nothing is left that could do it. */
  until(work: Promise<unknown>): Promise<boolean>
  /** The hash of the event log. */
  digest(): string
}

const MAX_STEPS = 80_000

/** @param trace - Gets every line of the event log. */
export function createWorld(random: Random, trace?: (line: string) => void): World {
  const virtual = createVirtualTime()
  let step = 0
  let ready: { readonly label: string; readonly go: () => void }[] = []
  const hash = createHash('sha256')

  function note(text: string): void {
    const line = `${step} ${virtual.time} ${text}`
    hash.update(line)
    trace?.(line)
  }

  function takeTurn(): void {
    const [next] = ready.splice(random.below(ready.length), 1)
    step += 1
    note(next?.label ?? '')
    next?.go()
  }

  return {
    random,
    get time() {
      return virtual.time
    },
    get step() {
      return step
    },
    now: () => EPOCH + virtual.time / 1000,
    moment: () => ({ time: virtual.time, step }),
    turn: (label) => new Promise((go) => ready.push({ label, go })),
    sleep: virtual.sleep,
    note,
    async until(work) {
      let settled = false
      const settle = () => {
        settled = true
      }
      work.then(settle, settle)
      for (let i = 0; i < MAX_STEPS; i++) {
        await microtasks()
        if (settled) return true
        if (ready.length > 0) takeTurn()
        else if (!virtual.pass()) return false
      }
      ready = []
      return false
    },
    digest: () => hash.copy().digest('hex'),
  }
}
