import type { EvertokenEvent } from '@evertoken/core'
import type { Result } from '../chronicle.ts'
import type { Kind } from '../world.ts'

/** The configuration of an application, and the first message to a process. */
export interface Setup {
  readonly type: 'setup'
  readonly kind: Kind
  readonly issuer: string
  readonly clientSecret: string
  readonly secret: string
  /** Times are scaled: one second lasts so many seconds, counted from this moment of the machine's clock. */
  readonly speed: number
  /** Whether `SIGTERM` lets the process finish its work. */
  readonly drains: boolean
  readonly since: number
}

export interface CallOrder {
  readonly type: 'call'
  readonly id: number
  readonly cookie: string
  /** A token response to start a session from, instead of asking for a token. */
  readonly start?: unknown
}

export interface Reply {
  readonly type: 'reply'
  readonly id: number
  readonly value?: unknown
  readonly failed?: true
}

export type ToProcess = Setup | CallOrder | Reply

/** A process asks, and continues when it has the reply. */
export type Question =
  | {
      readonly about: 'store'
      readonly operation: 'read' | 'swap' | 'remove'
      readonly args: readonly unknown[]
    }
  /** It has reached a point where it can be killed or stopped. */
  | { readonly about: 'send'; readonly refreshToken: string }
  | { readonly about: 'response' }
  | {
      readonly about: 'answer'
      readonly refreshToken: string
      readonly status: number
      readonly body: string
    }

export type FromProcess =
  | { readonly type: 'ready' }
  /** It has received `SIGTERM`, and it will exit. */
  | { readonly type: 'stopping' }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question }
  | { readonly type: 'event'; readonly event: EvertokenEvent }
  | {
      readonly type: 'request'
      readonly url: string
      readonly method: string
      readonly headers: [string, string][]
      readonly body: string
    }
  | {
      readonly type: 'done'
      readonly id: number
      readonly result: Result | undefined
      readonly sessionId: string | undefined
      readonly setCookies: readonly string[]
      readonly texts: readonly string[]
    }
