import {
  findInvalidParameter,
  isLoginParameter,
  LOGIN_PARAMETERS,
  type LoginOptions,
} from '../rules/sign-in/login-request.ts'
import { invalid } from './checks.ts'
import { checkTokenParameters } from './token-parameter-checks.ts'

/** @throws {ConfigurationError} If an option of a login is unknown or invalid. */
export function checkLoginOptions(options: LoginOptions): void {
  checkTokenParameters(options, ['returnTo', ...Object.keys(LOGIN_PARAMETERS)])
  for (const [option, name] of Object.entries(LOGIN_PARAMETERS)) {
    const value = options[option as keyof typeof LOGIN_PARAMETERS]
    if (value !== undefined && !isLoginParameter(name, String(value)))
      throw invalid(option, `must be a valid \`${name}\``)
  }
  refuseInvalidParameter('parameters', options.parameters ?? {})
}

/** @throws {ConfigurationError} If a further parameter of a login has a value that no ID token could prove. */
export function refuseInvalidParameter(option: string, parameters: Readonly<Record<string, string>>): void {
  const name = findInvalidParameter(parameters)
  if (name !== undefined) throw invalid(`${option}.${name}`, `must be a valid \`${name}\``)
}
