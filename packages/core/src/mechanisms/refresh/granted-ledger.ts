import {
  withBackOff,
  withDoubt,
  withGrant,
  withNewerGrant,
  withParameterBackOff,
} from '../../model/ledger-transitions.ts'
import type { TimeReading } from '../../model/time-reading.ts'
import type { TokenGrant } from '../../model/token-grant.ts'
import type { TokenLedger } from '../../model/token-ledger.ts'
import { narrowedKey } from '../../model/token-parameters.ts'
import { areGranted, detailTypes } from '../../rules/protocol/authorization-details.ts'
import { tokenTypeError } from '../../rules/protocol/token-response.ts'
import type { ConfigurationError, ErrorCode } from '../../vocabulary/index.ts'
import type { RefreshAttempt, RefreshContext } from './attempt.ts'

/**
 * Returns the ledger after a response, with a pause if the response has no token for its callers.
 *
 * A token with less scope than requested is stored for calls that need no more than it has.
 *
 * @param settlement - Whether it is the first response to its refresh token, or the newer one of two.
 * @param problem - From `problemOf`.
 * @param maxTokenBytes - How many bytes all tokens may take as JSON.
 */
export function ledgerWithResponse(
  settlement: 'write' | 'replace',
  ledger: TokenLedger,
  { attempt: request, grant }: { readonly attempt: RefreshAttempt; readonly grant: TokenGrant },
  problem: ErrorCode | undefined,
  time: TimeReading,
  { acquisition, random }: Pick<RefreshContext, 'acquisition' | 'random'>,
  maxTokenBytes: number,
): TokenLedger {
  const { key, rejected, lastUse, holder, attempt, from, date, late } = request
  const origin = { from, attempt, date, late }
  const heldKey = (problem === SCOPE && narrowedKey(key, grant.accessToken?.scope)) || key
  // No other request names the details that a token lacks, so such a token serves none.
  const usable = problem === DETAILS ? { ...grant, accessToken: undefined } : grant
  const response = { grant: usable, key: heldKey, attempt, rejected, origin }
  const capacity = { maxTokenBytes, lastUse }
  const granted =
    settlement === 'write'
      ? withGrant(ledger, response, time, capacity)
      : withNewerGrant(ledger, response, holder, time, capacity)
  // Another request might have used the same refresh token, in this process or in one that took over the lease.
  // After a failover of the store, two leases can have the same number.
  const isOthers = ledger.lease !== undefined && ledger.lease.holder !== holder
  const isOnly = ledger.attempt === attempt && !isOthers && request.isLast !== false
  const next = isOnly ? granted : withDoubt(granted)
  if (problem === undefined) return next
  const options = { jitter: random() }
  const paused =
    acquisition.policy.pausesOnlyKey || problem === SCOPE || problem === DETAILS
      ? withParameterBackOff(next, key, problem, time, options)
      : withBackOff(next, problem, time, options)
  // The lease of another process is kept.
  return { ...paused, lease: next.lease }
}

const SCOPE = 'scope_not_granted'

const DETAILS = 'authorization_details_not_granted'

/**
 * Returns why a response has no token for the callers that have sent this request.
 *
 * @param ledger - The tokens before the response. Without details, those of the stored token have not changed.
 */
export function problemOf(
  grant: TokenGrant,
  { key, request = {} }: Pick<RefreshAttempt, 'key' | 'request'>,
  { tokens }: Pick<TokenLedger, 'tokens'>,
): ErrorCode | undefined {
  if (!grant.accessToken) return typeErrorOf(grant)?.code ?? 'token_response_malformed'
  const { scope, authorizationDetails = tokens[key]?.authorizationDetails } = grant.accessToken
  if (narrowedKey(key, scope) !== undefined) return SCOPE
  const requested = request.parameters?.['authorization_details']
  if (requested === undefined) return undefined
  return areGranted(detailTypes(requested), authorizationDetails) ? undefined : DETAILS
}

export function typeErrorOf({ unknownType: type, unusable }: TokenGrant): ConfigurationError | undefined {
  return type === undefined ? undefined : tokenTypeError('use the access token', type, unusable)
}
