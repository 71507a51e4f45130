import type { TokenParameters } from '../model/token-parameters.ts'
import type { AccessToken } from '../vocabulary/index.ts'
import { type Check, flag, invalid, must, seconds } from './checks.ts'
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
   * @default no time
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

const CHECKS: Readonly<Record<keyof CallOptions, Check>> = {
  signal: () => undefined,
  minValiditySeconds: seconds,
  // The text of a token would be ignored, and the same token returned. The token might come from another copy of this package.
  rejectedToken: must(
    'be an `AccessToken`, not its `value`',
    (token) => typeof Object(token).value === 'string',
  ),
  forceRefresh: flag,
}

/**
 * Splits the options of a call into the request and the demand.
 *
 * @throws {ConfigurationError} If an option is unknown or invalid.
 */
export function readCall(
  options: TokenParameters & CallOptions,
): readonly [parameters: TokenParameters, demand: CallDemand] {
  checkTokenParameters(options, Object.keys(CHECKS))
  const { signal, minValiditySeconds, rejectedToken, forceRefresh, ...parameters } = options
  for (const [name, check] of Object.entries(CHECKS)) {
    const value = options[name as keyof CallOptions]
    const problem = value === undefined ? undefined : check(value)
    if (problem !== undefined) throw invalid(name, problem)
  }
  return [parameters, { signal, minValiditySeconds, forceRefresh, rejected: rejectedToken?.value }]
}
