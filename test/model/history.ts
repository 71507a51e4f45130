import type { ErrorCode, EvertokenEvent } from '../../packages/core/src/vocabulary/index.ts'
import type { RefreshResult } from '../../packages/core/src/ports/authorization-server.ts'
import type { ConnectionId } from '../../packages/core/src/model/connection-record.ts'
import type { LedgerRecord } from '../../packages/core/src/model/token-ledger.ts'
import type { AnswerFault, Visit } from './plan.ts'
import type { Moment } from '../machines/machine.ts'
import type { World } from './world.ts'

/** One use of a refresh token. */
export interface Send {
  readonly process: number
  readonly grant: number
  readonly refreshToken: string
  readonly resource: string
  readonly sent: Moment
  readonly fault: AnswerFault | undefined
  /** When the server handled it, and the result. */
  judged?: Moment & {
    readonly gave: string | undefined
    readonly accessToken: string | undefined
    readonly rejected: boolean
  }
  /** When the process learned of it. */
  delivered?: Moment & { readonly kind: RefreshResult['kind'] }
}

/** One record that the store took. */
export interface Commit extends Moment {
  readonly process: number
  readonly grant: number
  /** `undefined`: removed. */
  readonly record: (LedgerRecord & Partial<ConnectionId>) | undefined
}

export interface Call {
  readonly visit: Visit
  readonly process: number
  readonly grant: number
  readonly hadCookie: boolean
  readonly probe: boolean
  /** The call before was asked to come back. */
  readonly isRetry: boolean
  /** The token that a resource server rejected. */
  readonly rejected: string | undefined
  readonly began: Moment
  ended?: Moment
  token?: string
  signIn?: ErrorCode
  error?: unknown
}

export interface Told extends Moment {
  readonly process: number
  readonly event: EvertokenEvent
}

export interface Trouble extends Moment {
  readonly process: number
  readonly kind: 'stopped' | 'killed' | 'store' | 'answer' | 'clock' | 'browser'
  readonly what?: string
  /** Milliseconds of the run. */
  readonly until?: number
}

/** Data that a process sends, in addition to the refresh token of a request. */
export interface Parcel extends Moment {
  readonly process: number
  readonly to: 'the store' | 'the browser' | 'the authorization server'
  readonly text: string
}

/** The owner of a connection learned about a change of it. */
export interface Notice extends Moment {
  readonly process: number
  readonly grant: number
  readonly kind: 'created' | 'removed' | 'broken' | 'recovered'
}

/** A token response that an owner has given to a connection. */
export interface Consent extends Moment {
  readonly grant: number
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

/** The events of a run, which the invariants judge. */
export interface History {
  readonly sends: Send[]
  readonly commits: Commit[]
  readonly calls: Call[]
  readonly told: Told[]
  readonly troubles: Trouble[]
  readonly parcels: Parcel[]
  readonly notices: Notice[]
  readonly consents: Consent[]
  readonly revoked: (Moment & { readonly refreshToken: string; readonly process: number })[]
  readonly now: () => Moment
}

export function createHistory(world: World): History {
  const now = () => ({ time: world.time, step: world.step })
  return {
    sends: [],
    commits: [],
    calls: [],
    told: [],
    troubles: [],
    parcels: [],
    notices: [],
    consents: [],
    revoked: [],
    now,
  }
}
