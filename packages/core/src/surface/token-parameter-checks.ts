import { type TokenParameters, validateTokenParameters } from '../model/token-parameters.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import { type Check, type Checked, checkNames, noOptions, type OptionTable } from './checks.ts'

/** Checks one part of a token request. */
function requested(part: keyof TokenParameters): Check {
  return (value) => {
    const wrong = validateTokenParameters({ [part]: value })
    return wrong && `cannot be used. ${wrong}`
  }
}

export const TOKEN_PARAMETERS: OptionTable<Checked<TokenParameters, keyof TokenParameters>> = {
  resource: [requested('resource')],
  audience: [requested('audience')],
  scope: [requested('scope')],
  parameters: [requested('parameters')],
}

export const PARAMETER_NAMES = Object.keys(TOKEN_PARAMETERS) as readonly (keyof TokenParameters)[]

/**
 * @param others - Names of further members that are allowed.
 * @throws {ConfigurationError} If the request is invalid, or has an unknown member.
 */
export function checkTokenParameters(request: TokenParameters, others: readonly string[] = []): void {
  if (typeof request !== 'object' || request === null) throw noOptions('')
  checkNames(request, [...PARAMETER_NAMES, ...others], '')
  const wrong = validateTokenParameters(request)
  if (wrong !== undefined) throw new ConfigurationError('invalid_option', wrong)
}
