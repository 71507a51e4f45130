import { type TokenParameters, validateTokenParameters } from '../model/token-parameters.ts'
import { type AccessToken, ConfigurationError } from '../vocabulary/index.ts'
import { type Check, type Checked, checkNames, invalid, noOptions, type OptionTable } from './checks.ts'

/** Checks one part of a token request. */
function requested(part: keyof TokenParameters): Check {
  return (value) => {
    const wrong = validateTokenParameters({ [part]: value })
    return wrong && `cannot be used. ${wrong}`
  }
}

export const TOKEN_PARAMETERS: OptionTable<Checked<TokenParameters, keyof TokenParameters>> = {
  resource: [requested('resource')],
  scope: [requested('scope')],
  parameters: [requested('parameters')],
}

/** The options of one call for a token that are no part of the request. */
export const TOKEN_CALL_OPTIONS = ['signal', 'rejectedToken'] as const

/**
 * @param others - Names of further members that are allowed.
 * @throws {ConfigurationError} If the request is invalid, or has an unknown member.
 */
export function checkTokenParameters(request: TokenParameters, others: readonly string[] = []): void {
  if (typeof request !== 'object' || request === null) throw noOptions('')
  checkNames(request, [...Object.keys(TOKEN_PARAMETERS), ...others], '')
  const wrong = validateTokenParameters(request)
  if (wrong !== undefined) throw new ConfigurationError('invalid_option', wrong)
}

/**
 * Returns the value of a token that an API rejected.
 *
 * @throws {ConfigurationError} If it is not a token. Its text would otherwise be ignored, and the same token returned.
 */
export function rejectedValue(rejectedToken: AccessToken | undefined): string | undefined {
  // The token might come from another copy of this package.
  if (rejectedToken === undefined || typeof rejectedToken?.value === 'string') return rejectedToken?.value
  throw invalid('rejectedToken', 'must be an `AccessToken`, not its `value`')
}
