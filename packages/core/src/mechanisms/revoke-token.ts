import type { TokenEndpoint } from '../ports/authorization-server.ts'
import type { EventListener, RevocationOutcome } from '../vocabulary/index.ts'
import { fingerprint } from './digest.ts'

/** Revokes a token that the session of this key uses no more, and tells the outcome by an event. */
export async function revokeToken(
  server: TokenEndpoint,
  emit: EventListener,
  key: string,
  token: string,
  kind: 'refresh_token' | 'access_token' = 'refresh_token',
): Promise<RevocationOutcome> {
  const outcome = await server.revoke(token, kind)
  emit({ type: `${kind}_revoked`, session: fingerprint(key), outcome })
  return outcome
}
