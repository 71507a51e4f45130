import type { EvertokenEvent } from '@evertoken/core'
import type { SessionRecord } from '../../packages/core/src/model/session-record.ts'
import type { Act, Visit } from './acts.ts'
import type { Fault } from './plan.ts'
import type { Moment } from '../machines/machine.ts'
import type { World } from './world.ts'

/** Where a refresh token came from. */
export interface Issued {
  readonly grant: string
  /** The number of refreshes between it and the sign-in. */
  readonly depth: number
  readonly parent: string | undefined
  readonly at: Moment
}

/** One use of a refresh token. */
export interface Send {
  readonly process: number
  readonly grant: string
  readonly refreshToken: string
  readonly resource: string
  readonly sent: Moment
  readonly fault: string | undefined
  /** The server saw it. `gave` is the new refresh token, even if its response was lost. */
  judged?: Moment & { readonly gave: string | undefined; readonly status: number }
  /** The process got a response that a client can use. */
  delivered?: Moment & { readonly readable: boolean }
  /** The process noticed that the connection broke. */
  broken?: Moment
}

/** A record that a store took, or that left in a cookie. */
export interface Commit extends Moment {
  readonly process: number
  readonly key: string
  readonly record: SessionRecord | undefined
  readonly where: 'store' | 'cookie'
}

export interface Call {
  readonly process: number
  readonly act: Act
  readonly visit: Visit
  /** The session that the browser presented; `undefined` if its cookie is not one. */
  readonly key: string | undefined
  readonly began: Moment
  ended?: Moment
  token?: string
  sub?: string | undefined
  status?: number
  signIn?: true
  error?: unknown
}

export interface Told extends Moment {
  readonly process: number
  readonly event: EvertokenEvent
}

export interface Trouble extends Moment {
  /** `-1`: no process of ours. */
  readonly process: number
  readonly fault: Fault
  /** Milliseconds of the run. */
  readonly until: number
}

/** The events of a run. The invariants judge them. */
export interface History {
  readonly issued: Map<string, Issued>
  readonly sends: Send[]
  readonly commits: Commit[]
  readonly calls: Call[]
  readonly told: Told[]
  readonly troubles: Trouble[]
  /** Refresh tokens that the server was asked to revoke. */
  readonly revoked: Map<string, Moment>
  /** Violations that were seen when they happened. */
  readonly seen: string[]
  readonly now: () => Moment
  trouble(fault: Fault, process: number, forMs?: number): void
}

export function createHistory(world: World): History {
  const troubles: Trouble[] = []
  return {
    issued: new Map(),
    sends: [],
    commits: [],
    calls: [],
    told: [],
    troubles,
    revoked: new Map(),
    seen: [],
    now: world.moment,
    trouble(fault, process, forMs = 0) {
      troubles.push({ ...world.moment(), process, fault, until: world.time + forMs })
      world.note(`fault ${fault} @${process}`)
    },
  }
}
