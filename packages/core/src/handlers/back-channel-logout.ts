import { endCell } from '../mechanisms/end-cell.ts'
import { logoutTokenRefused } from '../mechanisms/protocol/logout-tokens.ts'
import type { Named, SessionDirectory } from '../mechanisms/session-directory.ts'
import type { SessionKind } from '../mechanisms/session-kind.ts'
import { isSignedOut, type LogoutToken } from '../rules/logout-token.ts'
import { RequestRefusedError } from '../vocabulary/index.ts'
import { answer } from './answer.ts'
import { readForm } from './form.ts'
import type { EndSessionOptions } from './logout.ts'
import { reported } from './reported.ts'
import { revokeSession } from './revocation.ts'

export interface BackChannelLogoutOptions extends EndSessionOptions {
  readonly directory: SessionDirectory
  readonly sessions: SessionKind
  /** Whether a token ends all sessions of its subject, even when it names one. */
  readonly all: boolean
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
  try {
    const [token, ...more] = (await readForm(request))?.getAll('logout_token') ?? []
    if (!token || more.length > 0 || token.length > MAX_TOKEN_LENGTH)
      throw logoutTokenRefused('is missing, or too long')
    await signOut(await options.protocol.logoutToken(token), options)
    return answer(200)
  } catch (error) {
    const { message } = reported('logout_token_rejected', error, options.emit)
    const wrong = error instanceof RequestRefusedError ? 'invalid_request' : 'temporarily_unavailable'
    const body = JSON.stringify({ error: wrong, error_description: message })
    return answer(400, { 'content-type': 'application/json' }, body)
  }
}

async function signOut(token: LogoutToken, options: BackChannelLogoutOptions): Promise<void> {
  const { directory } = options
  if (!(await directory.spend(token))) throw logoutTokenRefused('was used before')
  try {
    const named = await widened(token, options)
    let failure: unknown
    // One that cannot be ended must not save the others.
    for (const key of await directory.find(named))
      await end(key, named, options).catch((error: unknown) => (failure ??= error))
    if (failure) throw failure
  } catch (error) {
    await directory.unspend(token).catch(() => undefined)
    throw error
  }
}

/** All sessions of the subject may be wanted where the token names only one of them. */
async function widened(token: Named, { directory, sessions, all }: BackChannelLogoutOptions): Promise<Named> {
  if (!all || token.sub !== undefined) return token
  for (const key of await directory.find(token)) {
    const kept = await (await sessions.stored(key))?.kept()
    if (kept?.record.claims.sub !== undefined) return kept.record.claims
  }
  return token
}

async function end(key: string, named: Named, options: BackChannelLogoutOptions): Promise<void> {
  const { directory, sessions, protocol, all, emit } = options
  const { keepAlive } = options.session
  const cell = await sessions.stored(key)
  const kept = await cell?.kept()
  if (!kept || !isSignedOut(kept.record.claims, named, all)) return
  const last = await endCell(cell, 'back_channel_logout', emit)
  if (!last) return
  keepAlive(directory.forget(key, last.claims).catch(() => undefined))
  keepAlive(revokeSession(protocol, key, last, options))
}
