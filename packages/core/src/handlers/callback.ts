import { revokeToken } from '../mechanisms/revoke-token.ts'
import type { SessionKind } from '../mechanisms/session-kind.ts'
import type { TokenGrant } from '../rules/session-record.ts'
import { EvertokenError } from '../vocabulary/index.ts'
import { readForm } from './form.ts'
import type { LoginOptions } from './login.ts'
import { applyOnSignIn, type OnSignInOptions } from './on-sign-in.ts'
import { type PendingLogin, takeLogin } from './pending-login.ts'
import { goOn, redirect } from './redirect.ts'
import { signInFailure } from './sign-in-failure.ts'

export interface CallbackOptions extends LoginOptions, OnSignInOptions {
  /** Starts the session. */
  readonly start: (grant: TokenGrant) => Promise<void>
  readonly sessions: SessionKind
}

/** Receives the authorization response, starts the session and sends the browser back to where it wanted to go. */
export async function callback(request: Request, options: CallbackOptions): Promise<Response> {
  let login: Awaited<ReturnType<typeof takeLogin>> | undefined
  let response: Response
  try {
    const form = options.responseMode === 'form_post' ? await readForm(request) : undefined
    const parameters = form ?? options.query
    login = await takeLogin(parameters.get('state') ?? '', options)
    const grant = await options.protocol.redeem(parameters, login, (token) => giveBack(token, options))
    await start(grant, login, options)
    response = (options.sameSite === 'Strict' ? goOn : redirect)(login.returnTo)
  } catch (error) {
    response = signInFailure(request, error, options, login?.silent && login.returnTo)
  }
  if (login) response.headers.append('set-cookie', login.clear)
  return response
}

/** From here on there are tokens: when no session takes them, they are given back. */
async function start(
  grant: TokenGrant,
  { returnTo, previous, previousExpiresAt }: PendingLogin,
  options: CallbackOptions,
): Promise<void> {
  const { session, sessions } = options
  try {
    await options.start(await applyOnSignIn(grant, returnTo, options))
  } catch (error) {
    // A session that a logout token has ended revokes its tokens.
    const isEnded = error instanceof EvertokenError && error.code === 'session_ended'
    if (grant.refreshToken !== undefined && !isEnded) giveBack(grant.refreshToken, options)
    throw error
  }
  if (previous !== undefined) await replace(previous).catch(() => undefined)

  /** The new session is valid, also if the old one cannot be ended. */
  async function replace(key: string): Promise<void> {
    const end = () => sessions.stored(key, previousExpiresAt).end('replaced')
    const { ended } = await sessions.pending.end({ key }, end)
    session.keepAlive(ended.then((old) => old?.finish(false)).catch(() => undefined))
  }
}

/**
 * Revokes the refresh token of a sign-in that has failed. Once, and at once: the user can sign in again after that, and at
 * some servers a later revocation would end the new grant too.
 */
function giveBack(refreshToken: string, { session, protocol: server, emit }: CallbackOptions): void {
  session.keepAlive(revokeToken({ server, emit }, undefined, refreshToken))
}
