import { parseChallenges } from './authentication-challenge.ts'
import { isLoginParameter } from './login-request.ts'

/** What an API wants before it goes on: a stronger or fresher sign-in (RFC 9470), or more scope (RFC 6750 §3.1). */
export interface StepUpChallenge {
  readonly error: 'insufficient_user_authentication' | 'insufficient_scope'
  /** Separated by spaces, the preferred one first. */
  readonly acrValues?: string
  /** Seconds since the user has really signed in, at most. */
  readonly maxAge?: number
  readonly scope?: string
}

const PARAMETERS = { acr_values: 'acrValues', max_age: 'maxAge', scope: 'scope' } as const

/** Finds the challenge in a `WWW-Authenticate` header; a parameter that no login could pass on is left out. */
export function readStepUp(header: string | null): StepUpChallenge | undefined {
  for (const { scheme, parameters } of parseChallenges(header)) {
    const error = parameters.get('error')
    if (scheme !== 'bearer' && scheme !== 'dpop') continue
    if (error !== 'insufficient_user_authentication' && error !== 'insufficient_scope') continue
    const challenge: Record<string, string | number> = { error }
    for (const [parameter, name] of Object.entries(PARAMETERS)) {
      const value = parameters.get(parameter)
      if (value === undefined || !isLoginParameter(parameter, value)) continue
      challenge[name] = name === 'maxAge' ? Number(value) : value
    }
    return challenge as unknown as StepUpChallenge
  }
  return undefined
}

/** The query for the login route; `undefined` when no sign-in could meet the challenge. */
export function stepUpQuery(challenge: StepUpChallenge, returnTo?: string): URLSearchParams | undefined {
  if (challenge.error === 'insufficient_scope' && challenge.scope === undefined) return undefined
  const query = new URLSearchParams()
  for (const [parameter, name] of Object.entries(PARAMETERS)) {
    const value = challenge[name]
    if (value !== undefined) query.set(parameter, String(value))
  }
  // Without it the authorization server would answer with the very session that was not enough.
  if (String(query) === '') query.set('prompt', 'login')
  if (returnTo !== undefined) query.set('returnTo', returnTo)
  return query
}
