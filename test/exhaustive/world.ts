import type { Rejection } from '../../packages/core/src/rules/refresh/settle.ts'
import type { OwnerName } from './owners.ts'
import type { RecordId } from './records.ts'
import type { Server } from './servers.ts'

/** The record as a process knows it. A swap succeeds only while nothing was written since. */
export interface Snapshot {
  record: RecordId
  isCurrent: boolean
}

/** As `RefreshAttempt`. All ages are in seconds. */
export interface Attempt {
  readonly number: number
  readonly refreshToken: string
  readonly holder: string
  readonly late: boolean
  readonly inDoubt: boolean
  /** By the monotonic clock of the process, which stops while it is suspended. */
  age: number
}

export type FailureKind = 'ambiguous' | 'not_processed' | 'misconfigured'

export type Answer =
  | { readonly kind: 'refreshed'; readonly refreshToken: string; date: number }
  | { readonly kind: 'rejected' | FailureKind }

export interface Message {
  readonly attempt: Attempt
  readonly answer: Answer
}

/** How much time has passed since a take of the lease began, by both clocks. */
export interface TakeTime {
  monotonic: number
  wall: number
}

/** `keepLease` in `exchange.ts`: a beat, or a second send. It runs next to everything else that the flight does. */
export interface KeepLease extends TakeTime {
  step: 'beat_read' | 'beat_swap' | 'send_read' | 'send_swap' | 'send_check' | 'send'
  snapshot: Snapshot | null
  isUnsure: boolean
  late: boolean
}

export type ExchangeStep =
  | 'listen'
  | 'persist_read'
  | 'persist_swap'
  | 'persist_guard'
  | 'revoke'
  | 'reject_read'
  | 'change_read'
  | 'change_swap'
  | 'end_read'
  | 'end_swap'
  | 'release_read'
  | 'release_swap'
  | 'release_look'

/** One call of `exchange`, or its remaining state: `listenOn`. */
export interface Exchange {
  readonly holder: string
  isMain: boolean
  isHolder: boolean
  step: ExchangeStep
  open: Attempt[]
  mail: Message[]
  /** The message that is being handled. */
  message: Message | null
  leased: Snapshot | null
  snapshot: Snapshot | null
  verdict: Rejection | ''
  isLast: boolean
  mayRetry: boolean
  /** Since `persist` began. */
  persistAge: number
  isTickDue: boolean
  task: KeepLease | null
}

/** One call of `steer` in `refresher.ts`, with its `LeaseWatch`. */
export interface Flight extends TakeTime {
  readonly holder: string
  step: 'read' | 'wait' | 'pause' | 'swap' | 'check' | 'send' | 'exchange'
  snapshot: Snapshot | null
  /** Set if the response to the swap was lost: `guarded-store.ts` reads the record again. */
  isUnsure: boolean
  late: boolean
  overruns: number
  lease: 'free' | 'taken' | 'used'
  /** The attempt of the lease that is watched, or -1. */
  watching: number
  watched: number
  /** Since the last look at it. */
  sinceLook: number
  waited: number
  sends: { refreshToken: string; count: number; age: number }
}

/** `giveBack` in `lease.ts`. */
export interface GiveBack {
  readonly holder: string
  step: 'read' | 'swap'
  snapshot: Snapshot | null
}

export interface Instance {
  readonly name: 'A' | 'B'
  state: 'up' | 'frozen' | 'suspended' | 'crashed'
  flight: Flight | null
  exchanges: Exchange[]
  giving: GiveBack | null
  /** Holders of leases that this process never used. */
  unsent: string[]
  /** Whether its caller has a new token, or must sign in. */
  isServed: boolean
  /** A caller who could not be served comes back when time has passed. */
  mayCall: boolean
}

/** A token request that travels to the server, or its response that travels back. */
export interface Request {
  readonly from: 'A' | 'B'
  readonly holder: string
  readonly number: number
  readonly refreshToken: string
  state: 'out' | 'slow' | 'never' | 'answered' | 'late'
  answer: Answer | null
}

/** The facts about a sent request that the invariants need. */
export interface Sent {
  readonly refreshToken: string
  readonly holder: string
  readonly number: number
  age: number
  isOutcomeKnown: boolean
}

/** A grant that the user has given to a connection, until it is stored. */
export interface Consent {
  step: 'read' | 'swap' | 'done'
  readonly isFirstAccount: boolean
  readonly refreshToken: string
  snapshot: Snapshot | null
}

export interface SignOut {
  step: 'none' | 'read' | 'swap' | 'revoke' | 'done'
  snapshot: Snapshot | null
  refreshToken: string
}

/** The fault of the path, if it excuses something. */
export type Fault = '' | 'response lost' | 'response reset' | 'slow' | 'cut off' | 'other'

/** The events of the path that excuse an outcome. */
export interface Facts {
  fault: Fault
  /** A `refresh_token_lost` event was emitted. */
  isReported: boolean
  /** A process was paused between its last check and its send. */
  pausedBeforeSend: boolean
  /** A process crashed, was paused or lost the store while only it could store the result of a request. */
  stoppedAfterSend: boolean
  /** One refresh token was used twice within a second, so that dates do not show the order. */
  isOrderUnknown: boolean
  /** No evidence showed that the server responds to other requests. */
  noEvidence: boolean
  /** `persist` ended after 65 seconds without a store. */
  gaveUp: boolean
  spareUses: number
  lastWaits: number
  /** Token requests of this expiry, while nothing went wrong. */
  requests: number
  /** The number of the grant that was stored last. */
  consent: number
  /** The number of the grant that the user has removed, or -1. */
  removed: number
  /** A rule was broken in the last step. */
  broken: string
}

export interface World {
  readonly owner: OwnerName
  readonly isExpired: boolean
  store: RecordId
  /** Who cannot reach the store. */
  cutOff: '' | 'A' | 'B' | 'AB'
  /** The access token expires again after the first refresh. */
  expiries: 1 | 2
  A: Instance
  B: Instance
  requests: Request[]
  sent: Sent[]
  server: Server
  signOut: SignOut
  consents: Consent[]
  facts: Facts
}
