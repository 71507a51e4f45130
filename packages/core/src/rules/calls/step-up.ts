import { parseChallenges } from './authentication-challenge.ts'
import { omitUndefined } from '../members.ts'
import { decodeClaimsRequest } from '../sign-in/claims-request.ts'
import { isLoginParameter } from '../sign-in/login-request.ts'

/** The requirement of an API: a stronger or fresher sign-in (RFC 9470), more scope (RFC 6750 §3.1), or other claims. */
export interface StepUpChallenge {
  /** Whether the sign-in, the scope or the claims of the access token were insufficient. */
  readonly error: 'insufficient_user_authentication' | 'insufficient_scope' | 'insufficient_claims'
  /** Separated by spaces, the preferred one first. */
  readonly acrValues?: string
  /** The maximum number of seconds since the user has really signed in. */
  readonly maxAge?: number
  /** The required scope, separated by spaces. */
  readonly scope?: string
  /** The claims that the access token must have, as JSON for the parameter `claims` (the claims challenge of Entra ID). */
  readonly claims?: string
}

const ERRORS = ['insufficient_user_authentication', 'insufficient_scope', 'insufficient_claims'] as const

/** Finds the challenge in a `WWW-Authenticate` header. It omits parameters that a login cannot pass. */
export function readStepUp(header: string | null): StepUpChallenge | undefined {
  for (const { scheme, parameters } of parseChallenges(header)) {
    const error = ERRORS.find((each) => each === parameters.get('error'))
    if (error === undefined || (scheme !== 'bearer' && scheme !== 'dpop')) continue
    const usable = (name: string) => {
      const value = parameters.get(name)
      return value !== undefined && isLoginParameter(name, value) ? value : undefined
    }
    const maxAge = usable('max_age')
    return omitUndefined({
      error,
      acrValues: usable('acr_values'),
      maxAge: maxAge === undefined ? undefined : Number(maxAge),
      scope: usable('scope'),
      claims:
        error === 'insufficient_claims' ? decodeClaimsRequest(parameters.get('claims') ?? '') : undefined,
    })
  }
  return undefined
}

/**
 * Returns the query for the login route, or `undefined` if no sign-in could meet the challenge.
 *
 * @param canAddScope - Whether the login route accepts `scope`.
 */
export function stepUpQuery(
  { error, acrValues, maxAge, scope: wanted, claims }: StepUpChallenge,
  returnTo?: string,
  canAddScope = true,
): URLSearchParams | undefined {
  const scope = canAddScope ? wanted : undefined
  if (error === 'insufficient_scope' && scope === undefined) return undefined
  if (error === 'insufficient_claims' && claims === undefined) return undefined
  const asked = omitUndefined({ acr_values: acrValues, max_age: maxAge, scope, claims })
  const query = new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)]))
  // Without it, the authorization server would use the existing session again, which was not enough.
  if (String(query) === '') query.set('prompt', 'login')
  if (returnTo !== undefined) query.set('returnTo', returnTo)
  return query
}
