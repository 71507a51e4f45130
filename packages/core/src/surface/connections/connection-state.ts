import { type ConnectionRecord, findFault } from '../../model/connection-record.ts'
import { grantEndsAt } from '../../model/grant-expiry.ts'
import { copyClaims } from '../../model/session-record.ts'
import { splitName } from './connection-names.ts'
import type { ConnectionState } from './connection-types.ts'
import type { ProviderClients } from './provider-clients.ts'

/**
 * Returns what an application can show about a connection. It has no token.
 *
 * @param now - Seconds since the epoch, by the wall clock.
 */
export function stateOf<Record extends ConnectionRecord | undefined>(
  record: Record,
  clients: ProviderClients,
  now: number,
): Record extends undefined ? ConnectionState : Exclude<ConnectionState, { readonly state: 'not_connected' }>
export function stateOf(
  record: ConnectionRecord | undefined,
  clients: ProviderClients,
  now: number,
): ConnectionState {
  if (!record) return { state: 'not_connected' }
  const { claims, connectedAt, ledger } = record
  const { provider } = splitName(record.name)
  // A function of the application knows its client only for one owner, and is not called for a list.
  const registration = clients.isResolved(provider)
    ? 'unknown'
    : clients.knownClient(provider)?.server.registration
  const facts = {
    claims: copyClaims(claims),
    scope: ledger.scope,
    connectedAt,
    grantExpiresAt: grantEndsAt(ledger.grantExpiry),
  }
  const fault = findFault(record, registration, now)
  if (!fault) return { state: 'active', ...facts }
  return { state: 'needs_reauthorization', reason: fault.reason, since: fault.since, ...facts }
}
