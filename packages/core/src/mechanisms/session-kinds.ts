import type { Clock } from '../ports/clock.ts'
import type { SessionCell } from '../ports/session-cell.ts'
import { endsAt, type SessionRecord } from '../rules/session-record.ts'
import { OperatorError, type RejectionReason } from '../vocabulary/index.ts'
import { createCookieCell } from './cookie-cell.ts'
import { createServerCell } from './server-cell.ts'
import type { Vault } from './vault.ts'

/** A session that a cookie led to. */
export interface Found {
  readonly cell: SessionCell
  /** The generation that the cookie itself carries, where it carries the session. */
  readonly generation?: number
}

/** How a session is kept: in the cookie itself, or in the store with only its id in the cookie. */
export interface SessionKind {
  /** Whether a new generation has to reach the browser. */
  readonly inCookie: boolean
  find(cookie: string): Promise<Found | { readonly rejected: RejectionReason }>
  /** Resolves to the new session and the value of the cookie for it. */
  create(record: SessionRecord): Promise<{ readonly cell: SessionCell; readonly cookie: string }>
  /** The session of a store key, for work outside a request. */
  byKey(key: string): SessionCell | undefined
}

export interface SessionKindOptions {
  readonly vault: Vault
  readonly clock: Clock
  /** Seconds without use after which a session is over. */
  readonly idleSeconds: number
}

const ID = /^[\w-]{43}$/

export function createServerKind({ vault, clock, idleSeconds }: SessionKindOptions): SessionKind {
  const cellOf = (key: string) => createServerCell(key, vault, clock, idleSeconds)
  return {
    inCookie: false,
    byKey: cellOf,
    async find(cookie) {
      return ID.test(cookie) ? { cell: cellOf(await vault.keyOf(cookie)) } : { rejected: 'malformed' }
    },
    async create(record) {
      const key = await vault.keyOf(record.id)
      if (!(await vault.swap(key, undefined, record, endsAt(record, idleSeconds)))) {
        throw new OperatorError(
          'store_unavailable',
          'Cannot start the session: its key is taken in the store',
        )
      }
      return { cell: cellOf(key), cookie: record.id }
    },
  }
}

export function createCookieKind({ vault, clock, idleSeconds }: SessionKindOptions): SessionKind {
  return {
    inCookie: true,
    byKey: () => undefined,
    async find(cookie) {
      const opened = await vault.open(cookie)
      if ('rejected' in opened) return opened
      const key = await vault.keyOf(opened.record.id)
      const cell = createCookieCell(key, opened, vault, clock, idleSeconds)
      return { cell, generation: opened.record.generation }
    },
    async create(record) {
      const sealed = await vault.seal(record)
      const key = await vault.keyOf(record.id)
      return { cell: createCookieCell(key, sealed, vault, clock, idleSeconds), cookie: sealed.sealed }
    },
  }
}
