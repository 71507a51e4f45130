import type { TokenResult } from '../mechanisms/refresh-attempt.ts'
import type { Refresher, TokenDemand } from '../mechanisms/refresher.ts'
import type { RequestSession } from '../mechanisms/request-session.ts'
import type { Clock } from '../ports/clock.ts'
import type { HeldResponses, Runtime } from '../ports/runtime.ts'
import { newSession, type SessionRecord, type StoredToken, type TokenGrant } from '../rules/session-record.ts'
import { AccessToken, type EventListener } from '../vocabulary/index.ts'

/** The session of one request, tied to the refresher. */
export interface BoundSession {
  readonly session: RequestSession
  /** Where browsers find the application; `undefined` when as the request says. */
  readonly origin: string | undefined
  readonly emit: EventListener
  readonly responses: HeldResponses | undefined
  obtain(demand: Demand): Promise<TokenResult>
  start(grant: TokenGrant): Promise<void>
}

export type Demand = Omit<TokenDemand, 'beforeRefresh' | 'keepAlive'> & {
  readonly signal?: AbortSignal | undefined
}

export interface BindOptions {
  /** Comes before a new session can be used. */
  readonly starting?: ((record: SessionRecord) => Promise<void>) | undefined
  readonly refresher: Refresher
  readonly clock: Clock
  readonly issuer: string
  readonly absoluteSeconds: number
  readonly origin: string | undefined
  readonly emit: EventListener
  readonly responses?: Runtime['responses']
}

export function bindSession(session: RequestSession, options: BindOptions): BoundSession {
  const { refresher, clock, issuer, origin, emit } = options
  return {
    session,
    origin,
    emit,
    responses: options.responses?.(),
    async obtain({ key, request, rejected, signal }) {
      const cell = await session.find()
      if (!cell) return { signIn: 'no_session' }
      const { beforeRefresh, keepAlive } = session
      // Before the work begins: a failure that nobody waits for would end the process.
      signal?.throwIfAborted()
      const work = refresher.token(cell, { key, request, rejected, beforeRefresh, keepAlive })
      const result = signal ? await unlessAborted(work, signal) : await work
      if ('token' in result) session.note(result.snapshot)
      return result
    },
    start(grant) {
      return session.start(async (id) => {
        const now = clock.now()
        const base = { id, issuer, expiresAt: now + options.absoluteSeconds, claims: grant.claims ?? {} }
        const record = newSession(base, grant, '', now)
        await options.starting?.(record)
        return record
      })
    },
  }
}

export function accessTokenOf({ value, type, expiresAt, scope }: StoredToken): AccessToken {
  return new AccessToken(value, type, expiresAt, scope)
}

/** Lets one caller go when its signal says so; the work goes on for the others. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason as Error)
    const stay = () => signal.removeEventListener('abort', leave)
    signal.addEventListener('abort', leave)
    work.finally(stay).then(resolve, reject)
  })
}
