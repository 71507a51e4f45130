import type { Random } from './random.ts'

/** One operation of the store, as a fault finds it. */
export interface Operation {
  readonly kind: 'read' | 'swap' | 'remove'
  /** Lets the real store do it. */
  apply(): Promise<unknown>
  /** The record before the last change. */
  previous(): string | undefined
  /** The record of another session. */
  foreign(): Promise<string | undefined>
  sleep(ms: number): Promise<void>
  readonly random: Random
}

export interface StoreFault {
  readonly name: string
  readonly on: readonly Operation['kind'][]
  /** How many operations in a row it hits, from the step on. Default 1. */
  readonly times?: number
  /** How long it happens to every operation of all processes. */
  readonly forMs?: number
  /** Longer than a process waits to store a refresh token. */
  readonly loses?: boolean
  run(operation: Operation): Promise<unknown>
}

const ALL = ['read', 'swap', 'remove'] as const
const WRITES = ['swap', 'remove'] as const
const down = () => Promise.reject(Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' }))
const never = () => new Promise<never>(() => {})

export const STORE_FAULTS: readonly StoreFault[] = [
  { name: 'down', on: ALL, run: down },
  { name: 'down for 3 s', on: ALL, forMs: 3000, run: down },
  { name: 'down for 20 s', on: ALL, forMs: 20_000, run: down },
  { name: 'down for 60 s', on: ALL, forMs: 60_000, loses: true, run: down },
  {
    name: '5 s slow',
    on: ALL,
    async run({ sleep, random, apply }) {
      await sleep(random.pick([4900, 5000, 5100]))
      return apply()
    },
  },
  {
    name: 'answers, 5 s late',
    on: ALL,
    async run({ sleep, random, apply }) {
      const result = await apply()
      await sleep(random.pick([4900, 5000, 5100]))
      return result
    },
  },
  { name: 'hangs', on: ALL, run: never },
  { name: 'applied, then hangs', on: WRITES, run: ({ apply }) => apply().then(never) },
  { name: 'applied, answer lost', on: WRITES, run: ({ apply }) => apply().then(down) },
  { name: 'applied, answered "lost"', on: ['swap'], run: ({ apply }) => apply().then(() => false) },
  { name: 'swap lost once', on: ['swap'], run: () => Promise.resolve(false) },
  { name: 'swap lost 3 times', on: ['swap'], times: 3, run: () => Promise.resolve(false) },
  { name: 'swap lost 20 times', on: ['swap'], times: 20, run: () => Promise.resolve(false) },
  {
    name: 'every swap lost for 3 s',
    on: ['swap'],
    forMs: 3000,
    run: ({ sleep }) => sleep(1).then(() => false),
  },
  { name: 'stale read', on: ['read'], run: async ({ previous, apply }) => previous() ?? apply() },
  { name: 'garbage', on: ['read'], run: ({ random }) => Promise.resolve(random.pick(GARBAGE)) },
  {
    name: 'record cut short',
    on: ['read'],
    run: async ({ apply }) => ((await apply()) as string | undefined)?.slice(0, -7) ?? 'cut',
  },
  { name: 'record of another session', on: ['read'], run: ({ foreign }) => foreign() },
]

/** Values that the types forbid and networks deliver. */
const GARBAGE: readonly [unknown, ...unknown[]] = [
  '',
  'garbage',
  'e1*Fe26.2*',
  null,
  42,
  {},
  [],
  'rt_canary_1234',
]
