import {
  isLoginParameter,
  isProvenParameter,
  LOGIN_PARAMETERS,
  type LoginOptions,
} from '../rules/sign-in/login-request.ts'
import { invalid } from './checks.ts'
import { checkTokenParameters } from './token-parameter-checks.ts'

/** @throws {ConfigurationError} If an option of a login is unknown or invalid. */
export function checkLoginOptions(options: LoginOptions): void {
  checkTokenParameters(options, ['returnTo', 'registration', ...Object.keys(LOGIN_PARAMETERS)])
  for (const [option, name] of Object.entries(LOGIN_PARAMETERS)) {
    const value = options[option as keyof typeof LOGIN_PARAMETERS]
    if (value !== undefined && !isLoginParameter(name, String(value)))
      throw invalid(option, `must be a valid \`${name}\``)
  }
  for (const [name, value] of Object.entries(options.parameters ?? {}))
    if (isProvenParameter(name) && !isLoginParameter(name, value))
      throw invalid(`parameters.${name}`, `must be a valid \`${name}\``)
}
