import type { TokenParameters } from '../model/token-parameters.ts'
import type { AccessToken } from '../vocabulary/index.ts'
import { type Check, flag, invalid } from './checks.ts'
import { checkTokenParameters } from './token-parameter-checks.ts'

/** What one caller requires of a token, in addition to the request. */
export interface CallOptions {
  /** Aborts this call. The request for the token continues for other callers. */
  readonly signal?: AbortSignal | undefined
  /**
   * For how many seconds the token must still be valid. Otherwise it is refreshed first.
   *
   * The maximum is three quarters of the lifetime of the token. If the refresh fails, the call fails, although the token has not
   * expired.
   *
   * @default 0
   */
  readonly minValiditySeconds?: number | undefined
  /**
   * A token that a resource server rejected with `invalid_token`. Evertoken returns another token, unless several were
   * rejected in a row and this one is new.
   */
  readonly rejectedToken?: AccessToken | undefined
  /**
   * Whether the token is refreshed although it is valid, for example after the rights of the user have changed.
   *
   * A call that arrives during a refresh gets its result.
   *
   * @default false
   */
  readonly forceRefresh?: boolean | undefined
}

/** The checked call options, for the parts below. */
export interface CallDemand {
  readonly signal?: AbortSignal | undefined
  readonly minValiditySeconds?: number | undefined
  readonly forceRefresh?: boolean | undefined
  /** The value of a token that a resource server rejected. */
  readonly rejected?: string | undefined
}

const NAMES = ['signal', 'minValiditySeconds', 'rejectedToken', 'forceRefresh'] as const

/** Checks a number of seconds that can be 0. */
export const validity: Check = (value) =>
  Number.isFinite(value) && (value as number) >= 0 ? undefined : 'must be a number of seconds, at least 0'

/**
 * Splits the options of a call into the request and the demand.
 *
 * @param others - Names of further members that are allowed.
 * @throws {ConfigurationError} If an option is unknown or invalid.
 */
export function readCall(
  options: TokenParameters & CallOptions,
  others: readonly string[] = [],
): readonly [parameters: TokenParameters, demand: CallDemand] {
  checkTokenParameters(options, [...NAMES, ...others])
  const { signal, minValiditySeconds, rejectedToken, forceRefresh, ...parameters } = options
  check('minValiditySeconds', minValiditySeconds, validity)
  check('forceRefresh', forceRefresh, flag)
  return [parameters, { signal, minValiditySeconds, forceRefresh, rejected: rejectedValue(rejectedToken) }]
}

function check(name: string, value: unknown, by: Check): void {
  const problem = value === undefined ? undefined : by(value)
  if (problem !== undefined) throw invalid(name, problem)
}

/**
 * Returns the value of a token that an API rejected.
 *
 * @throws {ConfigurationError} If it is not a token. Its text would otherwise be ignored, and the same token returned.
 */
function rejectedValue(rejectedToken: AccessToken | undefined): string | undefined {
  // The token might come from another copy of this package.
  if (rejectedToken === undefined || typeof rejectedToken?.value === 'string') return rejectedToken?.value
  throw invalid('rejectedToken', 'must be an `AccessToken`, not its `value`')
}
