import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import { sha256 } from '../runtime/digest.ts'
import type { AnsweredAttempt, RefreshAttempt, RefreshContext, TokenDemand } from './attempt.ts'
import type { LeaseWatch, TakenLease } from './lease.ts'
import type { Turn } from './line.ts'
import { createMailbox, type Mailbox } from './mailbox.ts'

/** The length of a hash that identifies a refresh token among the tokens of one session, in characters. */
const HASH_LENGTH = 22

/** Records the requests of one flight. */
export interface Sends {
  /** The refresh token that was sent. The other properties describe its requests. */
  refreshToken: string
  /** Whether the server has refused the refresh token. */
  isRefused: boolean
  count: number
  /** The time of the first request, by the monotonic clock in milliseconds. */
  firstAt: number
}

export interface ExchangeOptions extends RefreshContext {
  readonly serverTimeoutMs: number
  /** When the newest request with a response was sent, by the monotonic clock in milliseconds. */
  readonly health: { respondedTo: number }
}

/** A refresh that has the lease and a turn. */
export interface Refresh {
  readonly cell: SessionHandle
  readonly demand: TokenDemand
  readonly lease: LeaseWatch
  readonly turn: Turn
  readonly sends: Sends
}

/** A defect of this program, not of the server. */
export interface Broken {
  readonly error: unknown
}

/** Sends the refresh token of a session and collects the responses. */
export interface Sender {
  /** The requests whose response has not arrived or was not yet processed. */
  readonly open: Set<RefreshAttempt>
  /** The number of responses that have arrived. */
  readonly responses: number
  /** The number of responses that decided nothing. */
  undecided: number
  /** The record that the latest request wrote. */
  leased: Snapshot
  readonly mailbox: Mailbox<AnsweredAttempt | Broken>
  send(taken: TakenLease): Promise<void>
}

export function createSender(
  { demand, lease, sends }: Refresh,
  leased: Snapshot,
  { server, clock }: ExchangeOptions,
): Sender {
  const open = new Set<RefreshAttempt>()
  const mailbox = createMailbox<AnsweredAttempt | Broken>(clock)
  const sender = { open, mailbox, leased, responses: 0, undecided: 0, send }

  async function send({ snapshot, late }: TakenLease): Promise<void> {
    const { refreshToken = '', claims, idToken, attempt: number, doubt } = snapshot.record
    const { key, rejected, request, capacity } = demand
    const sentAt = clock.elapsed()
    if (sends.refreshToken !== refreshToken)
      Object.assign(sends, { refreshToken, isRefused: false, count: 0, firstAt: sentAt })
    sends.count++
    sender.leased = snapshot
    lease.used()
    const answered = server.refresh(refreshToken, request, claims, idToken).then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error }),
    )
    const attempt = {
      refreshToken,
      from: '',
      key,
      rejected,
      request,
      capacity,
      late,
      sentAt,
      attempt: number,
      holder: lease.holder,
      inDoubt: doubt !== undefined,
    }
    open.add(attempt)
    // The token is hashed after the request was sent, so that the hash does not delay the request after the lease.
    attempt.from = (await sha256(refreshToken)).slice(0, HASH_LENGTH)
    const receive = (message: Awaited<typeof answered>) => {
      sender.responses++
      mailbox.put({ attempt, ...message })
    }
    void answered.then(receive)
  }

  return sender
}
