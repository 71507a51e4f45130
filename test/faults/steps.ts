/** The moments of a refresh at which something can go wrong, as seen from outside. */
export const STEPS = [
  'look',
  'lease read',
  'lease swap',
  'lease swapped',
  'send',
  'answer',
  'settling swap',
  'settling swapped',
] as const

/**
 * `look`: the first read of a caller. `lease`: the read and the swap before sending. `settling swap`: persists the response,
 * or releases the lease. `settling read`: a read after the response, which happens only after a failure or a lost swap.
 * `beat swap`: shows that the holder of the lease is alive. `catch-up swap`: the browser has the newest cookie.
 * `ending swap`: the refresh token was rejected. `over swap`: the user has signed out.
 */
export type Step =
  | (typeof STEPS)[number]
  | 'sent'
  | 'processed'
  | 'response'
  | 'settling read'
  | 'beat swap'
  | 'catch-up swap'
  | 'ending swap'
  | 'over swap'
  | 'other read'

/** Something that happens when a step is reached for the first time. */
export interface Trap {
  readonly step: Step
  /** Runs while the instance that reached the step waits there. */
  spring(instance: number): Promise<void> | void
  sprung: boolean
}

export interface Steps {
  arrive(step: Step, instance: number): Promise<void>
  /** Whether something is to happen when the step is reached. */
  awaits(step: Step): boolean
  set(trap: Omit<Trap, 'sprung'>): Trap
  clear(): void
  /** Ends an instance. It waits forever at the next step. */
  drop(instance: number): Promise<never>
  isDropped(instance: number): boolean
  /** Stops an instance. All its work waits until it continues. */
  freeze(instance: number, until: Promise<void>): void
  /** Resolves when the instance is not frozen. */
  thawed(instance: number): Promise<void> | undefined
  /** Resolves when the instance is dropped. */
  dropped(instance: number): Promise<void>
}

const NEVER = new Promise<never>(() => {})

function createEnd() {
  let reach = () => {}
  const end = {
    isReached: false,
    reached: new Promise<void>((resolve) => (reach = resolve)),
    reach() {
      end.isReached = true
      reach()
    },
  }
  return end
}

export function createSteps(): Steps {
  let traps: Trap[] = []
  const ends = new Map<number, ReturnType<typeof createEnd>>()
  const frozen = new Map<number, Promise<void>>()
  const endOf = (instance: number) => {
    const end = ends.get(instance) ?? createEnd()
    ends.set(instance, end)
    return end
  }
  return {
    isDropped: (instance) => endOf(instance).isReached,
    dropped: (instance) => endOf(instance).reached,
    drop(instance) {
      endOf(instance).reach()
      return NEVER
    },
    async arrive(step, instance) {
      if (endOf(instance).isReached) await NEVER
      await frozen.get(instance)
      const trap = traps.find((candidate) => candidate.step === step && !candidate.sprung)
      if (!trap) return
      trap.sprung = true
      await trap.spring(instance)
    },
    freeze(instance, until) {
      frozen.set(
        instance,
        until.then(() => void frozen.delete(instance)),
      )
    },
    thawed: (instance) => frozen.get(instance),
    awaits: (step) => traps.some((trap) => trap.step === step && !trap.sprung),
    set(trap) {
      const added = { ...trap, sprung: false }
      traps.push(added)
      return added
    },
    clear() {
      traps = []
    },
  }
}
