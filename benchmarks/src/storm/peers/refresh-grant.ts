import type { Place } from './subject.ts'

/** RFC 6749 section 6, for the libraries that leave the request to others. */
export function refreshGrant(place: Place, refreshToken: string): Promise<Response> {
  const { issuer, clientId, clientSecret } = place
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: clientId,
    client_secret: clientSecret,
  })
  return fetch(`${issuer}/token`, { method: 'POST', body })
}
