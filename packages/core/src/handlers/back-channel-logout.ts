import { fingerprint } from '../mechanisms/digest.ts'
import type { Protocol } from '../mechanisms/protocol/protocol.ts'
import type { Named, SessionDirectory } from '../mechanisms/session-directory.ts'
import type { SessionKind } from '../mechanisms/session-kind.ts'
import type { KeepAlive } from '../ports/runtime.ts'
import { isSignedOut, type LogoutToken } from '../rules/logout-token.ts'
import { EvertokenError, type RedactedCause, RequestRefusedError } from '../vocabulary/index.ts'
import { readForm } from './form.ts'
import { revokeSession, type RevokeSessionOptions } from './revocation.ts'

export interface BackChannelLogoutOptions extends RevokeSessionOptions {
  readonly protocol: Protocol
  readonly directory: SessionDirectory
  readonly kind: SessionKind
  /** Whether a token ends all sessions of its subject, even when it names one. */
  readonly all: boolean
  readonly keepAlive: KeepAlive
}

const MAX_TOKEN_LENGTH = 16_384

/**
 * Ends the sessions that a logout token of the authorization server speaks of (OIDC Back-Channel Logout §2.7). Answers
 * 200, also when there are none, or 400; takes no notice of cookies.
 */
export async function backChannelLogout(
  request: Request,
  options: BackChannelLogoutOptions,
): Promise<Response> {
  const headers = { 'cache-control': 'no-store' }
  try {
    const tokens = (await readForm(request))?.getAll('logout_token') ?? []
    const [token = ''] = tokens
    if (tokens.length !== 1 || token.length > MAX_TOKEN_LENGTH) throw noToken()
    await signOut(await options.protocol.logoutToken(token), options)
    return new Response(null, { status: 200, headers })
  } catch (error) {
    if (!(error instanceof EvertokenError)) throw error
    const { code, message } = error
    const cause = error.cause as RedactedCause | undefined
    options.emit({ type: 'logout_token_rejected', code, ...(cause && { cause }) })
    const wrong = error instanceof RequestRefusedError ? 'invalid_request' : 'temporarily_unavailable'
    return Response.json({ error: wrong, error_description: message }, { status: 400, headers })
  }
}

async function signOut(token: LogoutToken, options: BackChannelLogoutOptions): Promise<void> {
  const { directory } = options
  if (!(await directory.spend(token))) throw usedBefore()
  try {
    const named = await widened(token, options)
    const failures: unknown[] = []
    // One that cannot be ended must not save the others.
    for (const key of await directory.find(named))
      await end(key, named, options).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  } catch (error) {
    await directory.unspend(token).catch(() => undefined)
    throw error
  }
}

/** All sessions of the subject may be wanted where the token names only one of them. */
async function widened(token: Named, { directory, kind, all }: BackChannelLogoutOptions): Promise<Named> {
  if (!all || token.sub !== undefined) return token
  for (const key of await directory.find(token)) {
    const kept = await (await kind.stored(key))?.kept()
    if (kept?.record.claims.sub !== undefined) return kept.record.claims
  }
  return token
}

async function end(key: string, named: Named, options: BackChannelLogoutOptions): Promise<void> {
  const { kind, directory, protocol, all, emit, keepAlive } = options
  const cell = await kind.stored(key)
  const kept = await cell?.kept()
  if (!cell || !kept || !isSignedOut(kept.record.claims, named, all)) return
  const last = await cell.end('back_channel_logout')
  if (!last) return
  emit({ type: 'session_ended', session: fingerprint(key), reason: 'back_channel_logout' })
  keepAlive(directory.forget(key, last.claims).catch(() => undefined))
  keepAlive(revokeSession(protocol, key, last, options))
}

function noToken(): RequestRefusedError {
  const message = 'Cannot sign anybody out: the request has no logout token, or one that is too long'
  return new RequestRefusedError('logout_token_invalid', message)
}

function usedBefore(): RequestRefusedError {
  const message = 'Cannot sign anybody out: the logout token was used before'
  return new RequestRefusedError('logout_token_invalid', message)
}
