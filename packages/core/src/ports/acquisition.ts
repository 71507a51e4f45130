import type { LedgerRecord } from '../model/token-ledger.ts'
import type { TokenParameters } from '../model/token-parameters.ts'
import type { RefreshPolicy } from '../rules/refresh/decide.ts'
import type { RefreshResult } from './authorization-server.ts'
import type { KeepAlive } from './runtime.ts'

/**
 * A way to get access tokens for a ledger: the refresh token grant, or client credentials.
 *
 * `policy.consumes` is the credential that each request uses up. The rules for lost and late responses follow from that.
 */
export interface Acquisition {
  readonly policy: RefreshPolicy
  /**
   * Prepares a request, before the lease is taken.
   *
   * @param parameters - The same object as the one that `acquire` gets.
   * @throws {EvertokenError} If no request can be sent now. Nothing has been used up.
   */
  ready(keepAlive: KeepAlive, parameters: TokenParameters): Promise<unknown>
  /**
   * Sends one request. Never throws, and ends within about a minute.
   *
   * @param record - The record with the lease of this request.
   */
  acquire(record: LedgerRecord, parameters: TokenParameters): Promise<RefreshResult>
  /** Resolves to whether the server responds to a request that has no effect. Never throws. */
  isResponding(): Promise<boolean>
}
