/** A claim because of which an ID token is refused. */
export interface IdTokenFault {
  readonly claim: string
  /** `malformed`: it is missing, or of another type. `time`: the token is too old or too new. `other`: it has another value. */
  readonly kind: 'malformed' | 'time' | 'other'
}

/** The values that an ID token must have. */
export interface IdTokenRequirements {
  readonly issuer: string
  readonly clientId: string
  /** Seconds since the epoch. */
  readonly now: number
  /** How many seconds the clocks may differ. */
  readonly toleranceSeconds: number
  /** Absent for the ID token of a refresh, which needs neither a `nonce` nor an `auth_time`. */
  readonly signIn?: {
    /** The `nonce` of the request. `undefined` if it had none. The token must not have one then. */
    readonly nonce: string | undefined
    /** How long ago the user may have authenticated, in seconds. */
    readonly maxAge?: number | undefined
  }
}

/**
 * Returns the first fault of the claims of an ID token (OIDC Core §3.1.3.7 and §12.2). The signature is checked elsewhere.
 *
 * @returns `undefined` if the claims are valid.
 */
export function findIdTokenFault(
  claims: Readonly<Record<string, unknown>>,
  { issuer, clientId, now, toleranceSeconds, signIn }: IdTokenRequirements,
): IdTokenFault | undefined {
  const { exp, iat, nbf, iss, aud, azp, sub, nonce, auth_time: authTime } = claims
  const isMissing = (value: unknown, required: unknown) => required !== undefined && value === undefined
  const isNumber = (value: unknown) => typeof value === 'number'
  const isList = Array.isArray(aud)
  const faults: readonly (readonly [string, IdTokenFault['kind'], boolean])[] = [
    ['exp', 'malformed', !isNumber(exp)],
    ['iat', 'malformed', !isNumber(iat)],
    ['nbf', 'malformed', nbf !== undefined && !isNumber(nbf)],
    ['iss', 'malformed', typeof iss !== 'string'],
    ['aud', 'malformed', typeof aud !== 'string' && !isList],
    ['sub', 'malformed', sub === undefined],
    ['nonce', 'malformed', isMissing(nonce, signIn?.nonce)],
    ['auth_time', 'malformed', isMissing(authTime, signIn?.maxAge)],
    [
      'auth_time',
      'malformed',
      authTime !== undefined && !(Number.isFinite(authTime) && Number(authTime) >= 0),
    ],
    ['exp', 'time', Number(exp) <= now - toleranceSeconds],
    ['nbf', 'time', Number(nbf ?? 0) > now + toleranceSeconds],
    ['iss', 'other', iss !== issuer],
    ['aud', 'other', ![aud].flat().includes(clientId)],
    // A token for several audiences must name the client that it was issued to.
    ['aud', 'other', isList && aud.length > 1 && azp === undefined],
    ['azp', 'other', azp !== undefined && azp !== clientId],
    ['auth_time', 'time', Number(authTime) + (signIn?.maxAge ?? Infinity) < now - toleranceSeconds],
    ['nonce', 'other', signIn !== undefined && nonce !== signIn.nonce],
  ]
  const fault = faults.find(([, , isFault]) => isFault)
  return fault && { claim: fault[0], kind: fault[1] }
}
