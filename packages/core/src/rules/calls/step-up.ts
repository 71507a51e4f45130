import { parseChallenges } from './authentication-challenge.ts'
import { omitUndefined } from '../members.ts'
import { isLoginParameter } from '../sign-in/login-request.ts'

/** The requirement of an API: a stronger or fresher sign-in (RFC 9470), or more scope (RFC 6750 §3.1). */
export interface StepUpChallenge {
  /** Whether the sign-in or the scope was insufficient. */
  readonly error: 'insufficient_user_authentication' | 'insufficient_scope'
  /** Separated by spaces, the preferred one first. */
  readonly acrValues?: string
  /** The maximum number of seconds since the user has really signed in. */
  readonly maxAge?: number
  /** The required scope, separated by spaces. */
  readonly scope?: string
}

/** Finds the challenge in a `WWW-Authenticate` header. It omits parameters that a login cannot pass. */
export function readStepUp(header: string | null): StepUpChallenge | undefined {
  for (const { scheme, parameters } of parseChallenges(header)) {
    const error = parameters.get('error')
    if (scheme !== 'bearer' && scheme !== 'dpop') continue
    if (error !== 'insufficient_user_authentication' && error !== 'insufficient_scope') continue
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
  { error, acrValues, maxAge, scope: wanted }: StepUpChallenge,
  returnTo?: string,
  canAddScope = true,
): URLSearchParams | undefined {
  const scope = canAddScope ? wanted : undefined
  if (error === 'insufficient_scope' && scope === undefined) return undefined
  const asked = omitUndefined({ acr_values: acrValues, max_age: maxAge, scope })
  const query = new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)]))
  // Without it, the authorization server would use the existing session again, which was not enough.
  if (String(query) === '') query.set('prompt', 'login')
  if (returnTo !== undefined) query.set('returnTo', returnTo)
  return query
}
