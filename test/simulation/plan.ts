import type { Random } from '../faults/random.ts'

/** Every fault that a run can have. Each run draws which of them exist (swarm testing). */
export const FAULTS = [
  'refused requests',
  'lost responses',
  'late responses',
  'odd responses',
  'invalid_grant',
  'another subject',
  'silent metadata',
  'store down',
  'store slow',
  'store swap lost',
  'store response lost',
  'kills',
  'freezes',
  'suspensions',
  'idle isolates end',
  'deploys',
  'secrets roll-out',
  'wrong clocks',
  'clock jumps',
  'caller aborts',
  'dropped requests',
  'dropped responses',
  'delayed requests',
  'delayed responses',
  'duplicated requests',
  'rejected tokens',
  'redirects of the API',
] as const
export type Fault = (typeof FAULTS)[number]

export type Profile = 'strict' | 'grace' | 'previous' | 'newest' | 'tolerant' | 'no-rotation'
export const GRACE_SECONDS = 20

/** The circumstances of one run. */
export interface Plan {
  readonly kind: 'cookie' | 'server'
  /** `private`: the memory of each instance. */
  readonly store: 'shared' | 'private'
  readonly instances: number
  readonly flights: 'shared' | 'solo'
  readonly profile: Profile
  readonly refreshEndsAccessTokens: boolean
  readonly tokenSeconds: number
  readonly capacity: number
  readonly serverSendsDate: boolean
  readonly serverAheadSeconds: number
  readonly idleTimeoutSeconds: number
  /** Bytes of claims, which a cookie must carry. */
  readonly claimsBytes: number
  readonly resources: readonly string[]
  readonly backChannelLogout: boolean
  /** The maximum for each message, in milliseconds. */
  readonly latencyMs: number
  readonly users: number
  /** Whether users pause and hold requests for so long that the store forgets newer sessions. */
  readonly isSlow: boolean
  readonly visits: number
  /** Fault → how often it happens where it can, from 0 to 1. */
  readonly faults: ReadonlyMap<Fault, number>
}

/** Half of the runs have few faults, because faults hide each other. */
const SHARES = [0, 0.08, 0.15, 0.35] as const
const RATES = [0.02, 0.08, 0.25] as const

export function drawPlan(random: Random): Plan {
  const { pick, below } = random
  const share = pick(SHARES)
  const faults = new Map<Fault, number>()
  for (const fault of FAULTS) if (random.next() < share) faults.set(fault, pick(RATES))
  const kind = pick<Plan['kind']>(['cookie', 'cookie', 'server'])
  const store = pick<Plan['store']>(['shared', 'shared', 'private'])
  const isHerd = below(12) === 0
  return {
    kind,
    store,
    // Several processes that do not share a store are a mistake that no test can excuse.
    instances: store === 'private' ? 1 : 1 + below(3),
    flights: pick(['shared', 'shared', 'solo']),
    profile: pick(['strict', 'strict', 'strict', 'grace', 'previous', 'newest', 'tolerant', 'no-rotation']),
    refreshEndsAccessTokens: below(5) === 0,
    tokenSeconds: pick([60, 300, 300, 900]),
    capacity: pick([Infinity, Infinity, 3]),
    serverSendsDate: below(8) > 0,
    serverAheadSeconds: pick([0, 0, 3, -40]),
    // A session must not seem unused to a clock that is a day ahead.
    idleTimeoutSeconds:
      faults.has('wrong clocks') || faults.has('clock jumps') ? 14 * 86_400 : pick([7200, 7200, 86_400]),
    claimsBytes: pick([0, 0, 0, 0, 1500, 7000, 9500]),
    resources: pick([[''], [''], ['', 'https://orders.test'], ['', ...manyResources()]]),
    backChannelLogout: store === 'shared' && below(3) === 0,
    latencyMs: pick([2, 10, 40]),
    isSlow: below(4) === 0,
    users: isHerd ? 12 : 1 + below(2),
    visits: isHerd ? 3 : 6 + below(12),
    faults,
  }
}

function manyResources(): string[] {
  return Array.from({ length: 9 }, (_, index) => `https://r${index}.test`)
}
