import { ORIGIN } from './instance.ts'
import { type Step, STEPS } from './steps.ts'
import { STORE_FAULTS, type StoreFault } from './store-faults.ts'
import { TOKEN_FAULTS, type TokenFault } from './token-faults.ts'
import type { Kind, World } from './world.ts'

/** One fault at one step, for one kind of session. */
export interface Case {
  /** The row of the table. */
  readonly fault: string
  readonly step?: Step
  readonly kind: Kind
  readonly answer?: TokenFault
  readonly store?: StoreFault
  /** Done when the step is reached, by whoever gets there first, who is held meanwhile. */
  readonly act?: Act
  /** Seconds that the clock of the second instance is ahead. */
  readonly skewSeconds?: number
  readonly reuse?: 'tolerant' | { readonly graceSeconds: number }
  /** The session is over afterwards, as it must be. */
  readonly ends?: boolean
  /** A refresh token may be lost although its answer came. */
  readonly loses?: boolean
  /** An instance ends with its work unfinished. */
  readonly drops?: boolean
  /** A request may arrive after the retry that took its place, which to a strict server is a replay. */
  readonly overtakes?: boolean
}

/** `abort` lets callers of the burst go: the first, or all. */
export type Act = (
  world: World,
  at: { readonly instance: number; abort(who: 'first' | 'all'): void },
) => Promise<void> | void

const KINDS = ['cookie', 'server'] as const
const JUMPS = [30, -30, 300, -300, 86_400, -86_400]

const BROKEN: TokenFault = { name: '500', fault: { type: 'status', status: 500 } }
const LOST: TokenFault = { name: 'reset after processing', fault: { type: 'reset', processed: true } }
const REFUSED: TokenFault = {
  name: 'invalid_grant',
  fault: { type: 'error', error: 'invalid_grant' },
  ends: true,
}

const tokenCases = (kind: Kind): Case[] =>
  TOKEN_FAULTS.map((answer) => {
    const more = { ...(answer.ends && { ends: true }), ...(answer.fault === 'let_go' && { overtakes: true }) }
    return { fault: `token: ${answer.name}`, kind, answer, ...more }
  })

/** Where the server forgives a second use, no answer that is lost costs the session. */
const forgivenCases = (kind: Kind): Case[] =>
  (['tolerant', { graceSeconds: 300 }] as const).flatMap((reuse) =>
    TOKEN_FAULTS.filter(({ ends }) => !ends).map((answer) => {
      const profile = reuse === 'tolerant' ? reuse : 'grace'
      return { fault: `token, ${profile} server: any`, kind, answer, reuse }
    }),
  )

const storeCases = (kind: Kind): Case[] =>
  STORE_FAULTS.flatMap((store) =>
    stepsOf(store, kind).map(({ step, answer }) => ({
      fault: `store: ${store.name}`,
      step,
      kind,
      store,
      ...(answer && { answer, ...(answer.ends && { ends: true }) }),
      ...(store.loses && { loses: true }),
    })),
  )

interface Place {
  readonly step: Step
  /** What makes a refresh come to this step. */
  readonly answer?: TokenFault
}

function stepsOf(fault: StoreFault, kind: Kind): Place[] {
  return plainSteps(fault, kind)
    .flatMap((step): Place[] =>
      step.startsWith('settling') ? [{ step }, { step, answer: BROKEN }] : [{ step }],
    )
    .concat(
      fault.on.includes('swap') ? [LOST, REFUSED].map((answer) => ({ step: 'ending swap', answer })) : [],
    )
}

/** The store is told that a browser has caught up where the browser keeps the session. */
function plainSteps({ on }: StoreFault, kind: Kind): Step[] {
  const reads = ['look', 'claim read', 'settling read'] as const
  const swaps = ['claim swap', 'settling swap'] as const
  const writes = kind === 'cookie' ? [...swaps, 'catch-up swap' as const] : swaps
  return [...(on.includes('read') ? reads : []), ...(on.includes('swap') ? writes : [])]
}

const abortCases = (kind: Kind): Case[] =>
  (['first', 'all'] as const).flatMap((who) =>
    STEPS.map(
      (step) =>
        ({
          fault: `caller abort: ${who}`,
          step,
          kind,
          act: (_world, { abort }) => abort(who),
        }) satisfies Case,
    ),
  )

const skewCases = (kind: Kind): Case[] =>
  JUMPS.flatMap((seconds) => [
    { fault: `clocks apart: ${named(seconds)}`, kind, skewSeconds: seconds },
    ...STEPS.map((step): Case => ({
      fault: `clock jump: ${named(seconds)}`,
      step,
      kind,
      act: ({ instances }, { instance }) => instances[instance]?.machine.set(seconds),
    })),
  ])

const logoutCases = (kind: Kind): Case[] =>
  STEPS.flatMap((step) => [
    { fault: 'logout meanwhile', step, kind, ends: true, act: (world) => void logOut(world) },
    { fault: 'logout, all else held', step, kind, ends: true, act: logOut },
    { fault: 'revokeRefreshToken()', step, kind, ends: true, act: giveUp },
  ])

/** From the answer on until it is stored, the only copy of the newest refresh token is in the instance. */
const LOSING: readonly Step[] = ['answer', 'settling read', 'settling swap']

/** As a platform ends an isolate that it takes for idle: without a word, and what was sent stays sent. */
const dropCases = (kind: Kind): Case[] =>
  STEPS.map((step) => ({
    fault: 'instance dropped',
    step,
    kind,
    drops: true,
    ...(LOSING.includes(step) && { loses: true }),
    act({ steps, chronicle }, { instance }) {
      for (const send of chronicle.sends) if (send.instance === instance) send.orphaned = true
      return steps.drop(instance)
    },
  }))

/** A fault of the token endpoint and one of the store, whatever comes of it. */
const pairCases = (kind: Kind): Case[] =>
  TOKEN_FAULTS.flatMap((answer, index) => {
    const store = STORE_FAULTS[index % STORE_FAULTS.length]
    const steps = store ? plainSteps(store, kind) : []
    const step = steps[index % steps.length]
    const fault = 'token and store, mixed'
    const may = { ends: true, loses: true, overtakes: answer.fault === 'let_go' }
    return store && step ? [{ fault, step, kind, answer, store, ...may }] : []
  })

export const CASES: readonly Case[] = KINDS.flatMap((kind) => [
  ...tokenCases(kind),
  ...forgivenCases(kind),
  ...storeCases(kind),
  ...abortCases(kind),
  ...skewCases(kind),
  ...logoutCases(kind),
  ...dropCases(kind),
  ...pairCases(kind),
])

export function nameOf({ fault, step, kind, answer, store }: Case): string {
  const parts = [
    fault,
    step && `at ${step}`,
    answer && `after ${answer.name}`,
    store && `store ${store.name}`,
    kind,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

function named(seconds: number): string {
  const [amount, unit] =
    Math.abs(seconds) < 60
      ? [seconds, 's']
      : Math.abs(seconds) < 86_400
        ? [seconds / 60, 'min']
        : [seconds / 86_400, 'd']
  return `${amount > 0 ? '+' : ''}${amount} ${unit}`
}

async function logOut({ instances: [first], session }: World): Promise<void> {
  const headers = { 'sec-fetch-site': 'same-origin' }
  await first.visit(session.browser, new Request(`${ORIGIN}/auth/logout`, { method: 'POST', headers }))
}

async function giveUp({ instances: [first], session }: World): Promise<void> {
  await first.visit(session.browser, new Request(ORIGIN), (user) => user.revokeRefreshToken())
}
