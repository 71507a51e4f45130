import { DEFAULT_SCOPE } from '../rules/sign-in/login-request.ts'
import type { SignInServerSettings } from './sign-in-profile-checks.ts'

interface AuthorizationValues {
  readonly scope: string | undefined
  readonly resource: string | readonly string[]
  readonly authorizationParameters: Readonly<Record<string, string>>
}

interface AuthorizationParameters {
  readonly scope: string
  /** Whether neither the application nor the profile has set the scope. */
  readonly isDefaultScope: boolean
  readonly authorizationParameters: URLSearchParams
}

/** Returns the configured parameters of an authorization request. Those of the options replace those of the profile. */
export function authorizationParametersOf(
  { scope: given, resource, authorizationParameters: further }: AuthorizationValues,
  server: SignInServerSettings,
): AuthorizationParameters {
  const scope = given ?? server.defaultScope ?? DEFAULT_SCOPE
  const parameters = { ...server.authorizationParameters, ...further }
  const authorizationParameters = new URLSearchParams({ ...parameters, ...(scope && { scope }) })
  for (const uri of [resource].flat()) authorizationParameters.append('resource', uri)
  return {
    scope,
    isDefaultScope: (given ?? server.defaultScope) === undefined,
    authorizationParameters,
  }
}
