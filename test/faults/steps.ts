/** The moments of a refresh at which something can go wrong, as seen from outside. */
export const STEPS = [
  'look',
  'claim read',
  'claim swap',
  'claim swapped',
  'send',
  'answer',
  'settling read',
  'settling swap',
  'settling swapped',
] as const

/**
 * `look`: the first read of a caller. `claim`: the read and the swap before sending. `settling`: the read and the swap
 * after the answer, which persist it, give the claim back, or end the session. `catch-up swap`: the store is told that
 * the browser has the newest cookie. `ending swap`: the refresh token was rejected. `over swap`: the user has signed out.
 */
export type Step =
  | (typeof STEPS)[number]
  | 'sent'
  | 'processed'
  | 'response'
  | 'catch-up swap'
  | 'ending swap'
  | 'over swap'
  | 'other read'

/** Something that happens when a step is reached for the first time. */
export interface Trap {
  readonly step: Step
  /** Done while whoever reached the step is held there. */
  spring(instance: number): Promise<void> | void
  sprung: boolean
}

export interface Steps {
  arrive(step: Step, instance: number): Promise<void>
  /** Whether something is to happen when the step is reached. */
  awaits(step: Step): boolean
  set(trap: Omit<Trap, 'sprung'>): Trap
  clear(): void
  /** Ends an instance: whatever it comes to from now on, it comes no further. */
  drop(instance: number): Promise<never>
  isDropped(instance: number): boolean
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
      const trap = traps.find((candidate) => candidate.step === step && !candidate.sprung)
      if (!trap) return
      trap.sprung = true
      await trap.spring(instance)
    },
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
