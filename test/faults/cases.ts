import type { AuthorizationServerOptions, Fault } from '@evertoken/testkit'
import { abortCases, dropCases, failoverCases, logoutCases, skewCases, stopCases } from './act-cases.ts'
import { FORGIVING, METADATA_FAULTS, SERVERS } from './server-faults.ts'
import type { Step } from './steps.ts'
import { STORE_FAULTS, type StoreFault } from './store-faults.ts'
import { TOKEN_FAULTS, type TokenFault } from './token-faults.ts'
import type { Kind, World } from './world.ts'

/** One fault at one step, for one kind of owner. */
export interface Case {
  /** The row of the table. */
  readonly fault: string
  readonly step?: Step
  readonly kind: Kind
  readonly answer?: TokenFault
  readonly store?: StoreFault
  /** Runs when an instance first reaches the step. The instance waits until it is done. */
  readonly act?: Act
  /** Seconds that the clock of the second instance is ahead. */
  readonly skewSeconds?: number
  /** How far the clock of one instance jumps, in seconds. */
  readonly jumpSeconds?: number
  readonly reuse?: 'tolerant' | { readonly graceSeconds: number }
  /** How the authorization server differs from a simple one. */
  readonly server?: AuthorizationServerOptions
  /** A refresh ends the access token before it. */
  readonly endsAccessTokens?: boolean
  /** The fault of its metadata endpoint. */
  readonly metadata?: Fault
  /** Nothing fails, so each expiry costs exactly one token request. */
  readonly calm?: boolean
  /** A write of the store is lost: its refresh token may be used again. */
  readonly forgets?: boolean
  /** The session is over afterwards, as it must be. */
  readonly ends?: boolean
  /** A refresh token may be lost although its answer came. */
  readonly loses?: boolean
  /** How many instances there are. Default: one or two. */
  readonly instances?: number
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

export const KINDS = ['cookie', 'server', 'connection'] as const

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
  FORGIVING.flatMap(({ profile, reuse, server }) =>
    TOKEN_FAULTS.filter(({ ends }) => !ends).map((answer) => {
      const more = { ...(answer.fault === 'let_go' && { overtakes: true }) }
      const fault = `token, ${profile} server: any`
      return { fault, kind, answer, reuse, ...more, ...(server && { server, endsAccessTokens: true }) }
    }),
  )

/** Behind a server that is slow, or counts requests, or whose `Date` is wrong or missing, nothing is lost. */
const serverCases = (kind: Kind): Case[] =>
  Object.entries(SERVERS).map(([name, { calm, ...server }]) => {
    return { fault: `server: ${name}`, kind, server, ...(calm && { calm }) }
  })

const metadataCases = (kind: Kind): Case[] =>
  Object.entries(METADATA_FAULTS).map(([name, metadata]) => ({ fault: `metadata: ${name}`, kind, metadata }))

const calmCases = (kind: Kind): Case[] =>
  [1, 2, 3, 4].map((time) => ({ fault: `nothing, ${time}`, kind, calm: true }))

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
  /** The conditions under which a refresh reaches this step. */
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

/** The store learns that a browser has caught up if the browser keeps the session. */
function plainSteps({ on }: StoreFault, kind: Kind): Step[] {
  const reads = ['look', 'lease read', 'settling read'] as const
  const swaps = ['lease swap', 'settling swap'] as const
  const writes = kind === 'cookie' ? [...swaps, 'catch-up swap' as const] : swaps
  return [...(on.includes('read') ? reads : []), ...(on.includes('swap') ? writes : [])]
}

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
  ...calmCases(kind),
  ...tokenCases(kind),
  ...serverCases(kind),
  ...metadataCases(kind),
  ...forgivenCases(kind),
  ...storeCases(kind),
  ...abortCases(kind),
  ...skewCases(kind),
  ...logoutCases(kind),
  ...dropCases(kind),
  ...stopCases(kind),
  ...failoverCases(kind),
  ...pairCases(kind),
])

export function ownerOf({ kind }: Case): 'session' | 'connection' {
  return kind === 'connection' ? 'connection' : 'session'
}

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
