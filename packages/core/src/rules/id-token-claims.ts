import type { UserClaims } from './session-record.ts'

const PROTOCOL_CLAIMS = new Set(['aud', 'azp', 'exp', 'iat', 'nonce', 'at_hash', 'c_hash', 's_hash'])

/** The claims about the user, without those that only serve the protocol. */
export function userClaims(idToken: object | undefined): UserClaims {
  return Object.fromEntries(Object.entries(idToken ?? {}).filter(([name]) => !PROTOCOL_CLAIMS.has(name)))
}

/** Whether a refreshed ID token speaks of the same sign-in of the same user (OIDC Core §12.2), as far as one is known. */
export function sameUser(before: UserClaims, after: UserClaims): boolean | 'another_subject' {
  if (before.sub === undefined) return false
  if (before.sub !== after.sub) return 'another_subject'
  const [then, now] = [before['auth_time'], after['auth_time']]
  return then === undefined || now === undefined || then === now
}

/** Whether the user has authenticated in one of the required ways (OIDC Core §3.1.2.1). */
export function hasRequiredAcr({ acr }: UserClaims, acrValues: string | undefined): boolean {
  return acrValues === undefined || (typeof acr === 'string' && acrValues.split(' ').includes(acr))
}
