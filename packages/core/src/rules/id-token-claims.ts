import type { UserClaims } from './session-record.ts'

const PROTOCOL_CLAIMS = new Set(['aud', 'azp', 'exp', 'iat', 'nonce', 'at_hash', 'c_hash', 's_hash'])

/** Returns the claims about the user, without those that only the protocol needs. */
export function userClaims(idToken: object | undefined): UserClaims {
  return Object.fromEntries(Object.entries(idToken ?? {}).filter(([name]) => !PROTOCOL_CLAIMS.has(name)))
}

/** Whether the user has authenticated in one of the required ways (OIDC Core §3.1.2.1). */
export function hasRequiredAcr({ acr }: UserClaims, acrValues: string | undefined): boolean {
  return acrValues === undefined || (typeof acr === 'string' && acrValues.split(' ').includes(acr))
}
