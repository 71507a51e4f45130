import type { LedgerHandle, LedgerSnapshot } from '../../ports/ledger-handle.ts'
import { sha256 } from '../runtime/digest.ts'
import type { CompletedAttempt, RefreshAttempt, RefreshContext, TokenDemand } from './attempt.ts'
import type { LeaseWatch, TakenLease } from './lease.ts'
import type { Turn } from './line.ts'
import type { Clock } from '../../ports/clock.ts'

/** The length of a hash that identifies a refresh token among the tokens of one ledger, in characters. */
const HASH_LENGTH = 22

/** The last wait, in milliseconds. After a pause of the process, the timer fires before a message that has arrived. */
const LAST_LOOK_MS = 50

/** Records the requests of one flight. */
export interface Sends {
  /** The refresh token that was sent, if any. The other properties describe its requests. */
  refreshToken: string | undefined
  /** Whether the server has refused the refresh token. */
  isRefused: boolean
  /** Whether the next request must have no parameters, because the server has refused the grant for one with parameters. */
  triesPlain: boolean
  count: number
  /** The time of the first request, by the monotonic clock in milliseconds. */
  firstAt: number
}

export interface ExchangeContext extends RefreshContext {
  /** How long a caller waits, in milliseconds. The refresh continues after that. */
  readonly serverTimeoutMs: number
}

/** The evidence that the server responds, for all refreshes. */
export interface ServerHealth {
  /** When the newest request with a response was sent, by the monotonic clock in milliseconds. */
  respondedTo: number
}

/** A refresh that has the lease and a turn. */
export interface Refresh {
  readonly handle: LedgerHandle
  readonly demand: TokenDemand
  readonly lease: LeaseWatch
  readonly turn: Turn
  readonly sends: Sends
  readonly health: ServerHealth
}

/** A defect of this program, not of the server. */
export interface ProgramError {
  readonly kind: 'broken'
  readonly error: unknown
  /** The request that has failed without a response, if it was one. */
  readonly attempt?: RefreshAttempt
}

/** Sends token requests and collects the responses. */
export interface Sender {
  /** The requests whose response has not arrived or was not yet processed. */
  readonly open: Set<RefreshAttempt>
  /** The number of responses that have arrived. */
  readonly responses: number
  /** The number of responses that decided nothing. */
  undecided: number
  /** The record that the latest request wrote. */
  leased: LedgerSnapshot
  readonly mailbox: Mailbox<CompletedAttempt | ProgramError>
  send(taken: TakenLease): Promise<void>
}

export function createSender(
  { demand, lease, sends }: Refresh,
  leased: LedgerSnapshot,
  { acquisition, clock }: Pick<RefreshContext, 'acquisition' | 'clock'>,
): Sender {
  const open = new Set<RefreshAttempt>()
  const mailbox = createMailbox<CompletedAttempt | ProgramError>(clock)
  const sender = { open, mailbox, leased, responses: 0, undecided: 0, send }

  async function send({ snapshot, late }: TakenLease): Promise<void> {
    const { refreshToken, attempt: number, doubt } = snapshot.record.ledger
    const { key, rejected, replaced, minValiditySeconds, request, lastUse } = demand
    const sentAt = clock.elapsed()
    if (sends.count === 0 || sends.refreshToken !== refreshToken)
      Object.assign(sends, { refreshToken, isRefused: false, count: 0, firstAt: sentAt })
    sends.count++
    sender.leased = snapshot
    lease.markUsed()
    const answering = acquisition.acquire(snapshot.record, request)
    // The handlers below are added only after the hash.
    answering.catch(() => undefined)
    const attempt = {
      refreshToken,
      from: '',
      key,
      rejected,
      replaced,
      minValiditySeconds,
      request,
      lastUse,
      late,
      sentAt,
      attempt: number,
      holder: lease.holder,
      inDoubt: doubt !== undefined,
    }
    open.add(attempt)
    // The token is hashed after the request was sent, so that the hash does not delay the request after the lease.
    if (refreshToken !== undefined) attempt.from = (await sha256(refreshToken)).slice(0, HASH_LENGTH)
    const receive = (message: CompletedAttempt | ProgramError) => {
      sender.responses++
      mailbox.put(message)
    }
    answering.then(
      (answer) => receive({ kind: 'answered', attempt, answer }),
      (error: unknown) => receive({ kind: 'broken', error, attempt }),
    )
  }

  return sender
}

/** Queues messages in order for one reader, which might be waiting. */
export interface Mailbox<T> {
  put(message: T): void
  /** Resolves to the next message, or to `undefined` if none arrives in this time. */
  next(ms: number): Promise<T | undefined>
}

export function createMailbox<T>(clock: Clock): Mailbox<T> {
  const messages: T[] = []
  let arrived = new AbortController()

  return {
    put(message) {
      messages.push(message)
      arrived.abort('arrived')
    },
    async next(ms) {
      if (messages.length === 0) {
        arrived = new AbortController()
        const { signal } = arrived
        await clock.sleep(ms - LAST_LOOK_MS, signal)
        if (!signal.aborted) await clock.sleep(LAST_LOOK_MS, signal)
      }
      return messages.shift()
    },
  }
}
