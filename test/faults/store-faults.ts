import type { StoreFault as Fault, StoreRequest } from '@evertoken/testkit'
import type { Random } from './random.ts'

/** The records that a fault can use instead of the one that the store has. */
export interface Records {
  /** The records of the key so far, the newest last. `undefined`: it was removed. */
  readonly past: readonly (string | undefined)[]
  /** The record of another session. */
  readonly foreign: string | undefined
}

export interface StoreFault {
  readonly name: string
  readonly on: readonly StoreRequest['kind'][]
  /** How many operations in a row it hits, from the step on. Default 1. */
  readonly times?: number
  /** How long it happens to every operation of all processes. */
  readonly forMs?: number
  /** Longer than a process waits to store a refresh token. */
  readonly loses?: boolean
  /** `undefined`: the store works. */
  choose(random: Random, records: Records): Fault | undefined
}

const ALL = ['read', 'swap', 'remove'] as const
const WRITES = ['swap', 'remove'] as const
const SLOW_MS = [4900, 5000, 5100] as const
const down = { type: 'fail' } as const
const swapLost = { type: 'swapLost' } as const

export const STORE_FAULTS: readonly StoreFault[] = [
  { name: 'down', on: ALL, choose: () => down },
  { name: 'down for 3 s', on: ALL, forMs: 3000, choose: () => down },
  { name: 'down for 20 s', on: ALL, forMs: 20_000, choose: () => down },
  { name: 'down for 60 s', on: ALL, forMs: 60_000, loses: true, choose: () => down },
  { name: '5 s slow', on: ALL, choose: (random) => ({ type: 'delay', ms: random.pick(SLOW_MS) }) },
  {
    name: 'answers, 5 s late',
    on: ALL,
    choose: (random) => ({ type: 'delay', when: 'after', ms: random.pick(SLOW_MS) }),
  },
  { name: 'hangs', on: ALL, choose: () => ({ type: 'hang' }) },
  { name: 'applied, then hangs', on: WRITES, choose: () => ({ type: 'hang', applied: true }) },
  { name: 'applied, answer lost', on: WRITES, choose: () => ({ type: 'fail', applied: true }) },
  { name: 'applied, answered "lost"', on: ['swap'], choose: () => ({ type: 'swapLost', applied: true }) },
  { name: 'swap lost once', on: ['swap'], choose: () => swapLost },
  { name: 'swap lost 3 times', on: ['swap'], times: 3, choose: () => swapLost },
  { name: 'swap lost 20 times', on: ['swap'], times: 20, choose: () => swapLost },
  {
    name: 'every swap lost for 3 s',
    on: ['swap'],
    forMs: 3000,
    choose: () => ({ type: 'delay', ms: 1, next: swapLost }),
  },
  {
    name: 'stale read',
    on: ['read'],
    // Not `staleRead`, because each process has its own view of the store, and so its own history of it.
    choose: (_random, { past }) => (past.length > 1 ? { type: 'record', record: past.at(-2) } : undefined),
  },
  { name: 'garbage', on: ['read'], choose: (random) => ({ type: 'record', record: random.pick(GARBAGE) }) },
  {
    name: 'record cut short',
    on: ['read'],
    choose: (_random, { past }) => ({ type: 'record', record: past.at(-1)?.slice(0, -7) ?? 'cut' }),
  },
  {
    name: 'record of another session',
    on: ['read'],
    choose: (_random, { foreign }) => ({ type: 'record', record: foreign }),
  },
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
