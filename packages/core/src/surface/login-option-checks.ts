import {
  isLoginParameter,
  isProvenParameter,
  LOGIN_PARAMETERS,
  type LoginOptions,
} from '../rules/sign-in/login-request.ts'
import { areAuthorizationDetails } from '../rules/protocol/authorization-details.ts'
import { type Check, invalid, must } from './checks.ts'
import { checkTokenParameters } from './token-parameter-checks.ts'

/** The details travel as JSON. */
export const authorizationDetails: Check = must(
  'be a list of objects that have a `type` each',
  areAuthorizationDetails,
)

/** @throws {ConfigurationError} If an option of a login is unknown or invalid. */
export function checkLoginOptions(options: LoginOptions): void {
  checkTokenParameters(options, [
    'returnTo',
    'registration',
    'authorizationDetails',
    ...Object.keys(LOGIN_PARAMETERS),
  ])
  const { authorizationDetails: details } = options
  const problem = details === undefined ? undefined : authorizationDetails(details)
  if (problem !== undefined) throw invalid('authorizationDetails', problem)
  for (const [option, name] of Object.entries(LOGIN_PARAMETERS)) {
    const value = options[option as keyof typeof LOGIN_PARAMETERS]
    if (value !== undefined && !isLoginParameter(name, String(value)))
      throw invalid(option, `must be a valid \`${name}\``)
  }
  for (const [name, value] of Object.entries(options.parameters ?? {}))
    if (isProvenParameter(name) && !isLoginParameter(name, value))
      throw invalid(`parameters.${name}`, `must be a valid \`${name}\``)
}
