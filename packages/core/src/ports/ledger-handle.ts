import type { TokenGrant } from '../model/token-grant.ts'
import type { LedgerRecord, TokenLedger } from '../model/token-ledger.ts'
import type { KeepAlive } from './runtime.ts'

/** A record with a ledger, at one moment. */
export interface LedgerSnapshot {
  readonly record: LedgerRecord
}

/** Why an owner can no longer use its grant. */
export type GrantEnd = 'grant_rejected' | 'subject_changed'

/** The tokens of a response, for the owner of the ledger. */
export interface OwnerGrant {
  readonly grant: TokenGrant
  /** By the wall clock of this process, in seconds since the epoch. */
  readonly now: number
  /**
   * Computes the ledger after the response, with tokens of at most this many bytes as JSON. The new token is always
   * kept.
   */
  readonly ledgerAfter: (maxTokenBytes: number) => TokenLedger
  readonly keepAlive: KeepAlive
}

/** One stored ledger. Each kind of owner implements it, so that the refresher does not know the owner. */
export interface LedgerHandle<Snapshot extends LedgerSnapshot = LedgerSnapshot> {
  /** The key of the record in the store. */
  readonly key: string
  /** Resolves to `undefined` if the owner is over or unknown. */
  read(): Promise<Snapshot | undefined>
  /** Same as `read`, but also returns a record that has expired by the clock of this process, which may be wrong. */
  readIgnoringExpiry(): Promise<Snapshot | undefined>
  /** Same as `readIgnoringExpiry`, but also returns the record of an owner that is over, for as long as the store keeps it. */
  readIncludingEnded(): Promise<Snapshot | undefined>
  /**
   * Whether a record that was read earlier can still be used, as far as this process knows without a read.
   *
   * @returns `false` if the owner is over by now, or if its end is pending in this process.
   */
  isUsable(seen: Snapshot): boolean
  /** Replaces the ledger. Resolves to `'again'` if another process changed the record first. */
  swapLedger(from: Snapshot, ledger: TokenLedger): Promise<Snapshot | 'again'>
  /** Stores a token response, in the ledger and in the other parts of the owner. */
  storeGrant(from: Snapshot, response: OwnerGrant): Promise<Snapshot | 'again'>
  /**
   * Stores that the server has refused the grant: a session ends. Tokens for which no user must sign in are requested
   * again after a pause.
   */
  refuse(from: Snapshot, reason: GrantEnd): Promise<Snapshot | 'again'>
  /**
   * Reports a refusal that `refuse` has stored.
   *
   * @param before - The record before the refusal.
   */
  reportRefusal(reason: GrantEnd, before: Snapshot | undefined, keepAlive: KeepAlive): void
}
