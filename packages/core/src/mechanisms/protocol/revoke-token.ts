import type { TokenServer } from '../../ports/authorization-server.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventListener, RevocationOutcome } from '../../vocabulary/index.ts'
import { fingerprint } from '../runtime/digest.ts'

export interface RevocationOptions {
  readonly server: Pick<TokenServer, 'revoke'>
  readonly emit: EventListener
  /** Times the pauses between attempts. */
  readonly clock: Clock
  /** Whether the grant of the token is not in use. Called before each request. By default, it is never in use. */
  readonly isUnused?: () => Promise<boolean>
}

type TokenKind = 'refresh_token' | 'access_token'

const PAUSES_SECONDS = [0, 1, 4, 16]

/**
 * Revokes a token, and emits an event with the outcome.
 *
 * @param key - The session that had the token. `undefined` if no session received it.
 */
export async function revokeToken(
  { server, emit }: Pick<RevocationOptions, 'server' | 'emit'>,
  key: string | undefined,
  token: string,
  kind: TokenKind = 'refresh_token',
): Promise<RevocationOutcome> {
  const outcome = await server.revoke(token, kind)
  const session = key === undefined ? {} : { session: fingerprint(key) }
  emit({ type: `${kind}_revoked`, ...session, outcome })
  return outcome
}

/**
 * Revokes a token that no session uses. Never rejects.
 *
 * Repeats a failed request three times, after 1, 4 and 16 seconds.
 *
 * @returns The last outcome. `failed` if the grant is in use.
 */
export async function revokeUntilDone(
  options: RevocationOptions,
  key: string | undefined,
  token: string,
  kind: TokenKind = 'refresh_token',
): Promise<RevocationOutcome> {
  const { clock, isUnused } = options
  for (const pause of PAUSES_SECONDS) {
    if (pause > 0) await clock.sleep(pause * 1000)
    if (isUnused && !(await isUnused())) return 'failed'
    const outcome = await revokeToken(options, key, token, kind)
    if (outcome !== 'failed') return outcome
  }
  return 'failed'
}
