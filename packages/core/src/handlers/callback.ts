import { redact } from '../mechanisms/redact.ts'
import { revokeToken } from '../mechanisms/revoke-token.ts'
import type { SessionKind } from '../mechanisms/session-kind.ts'
import { defined } from '../rules/defined.ts'
import { pick } from '../rules/pick.ts'
import type { TokenGrant, UserClaims } from '../rules/session-record.ts'
import { EvertokenError, RequestRefusedError } from '../vocabulary/index.ts'
import { readForm } from './form.ts'
import type { LoginOptions } from './login.ts'
import { type PendingLogin, takeLogin } from './pending-login.ts'
import { confirmDestination, goOn, redirect } from './redirect.ts'
import { signInFailure } from './sign-in-failure.ts'

/** The second argument of `onSignedIn`. */
export interface SignIn {
  /** Where the browser goes from here: a path of this application. */
  readonly returnTo: string
  /** What was granted, when the authorization server has told. */
  readonly scope?: string
}

/**
 * Looks at whoever has just proved who they are, before there is a session. Claims that it resolves to are kept instead;
 * `false` refuses the sign-in. Who the user is (`iss`, `sub`, `sid`, `auth_time`) stays as the ID token says.
 */
export type OnSignedIn = (
  claims: UserClaims,
  signIn: SignIn,
) => UserClaims | false | undefined | void | Promise<UserClaims | false | undefined | void>

export interface CallbackOptions extends LoginOptions {
  /** Starts the session. */
  readonly start: (grant: TokenGrant) => Promise<void>
  readonly sessions: SessionKind
  readonly onSignedIn: OnSignedIn | undefined
}

const IDENTITY = ['iss', 'sub', 'sid', 'auth_time']

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
    response = proceed(login, options)
  } catch (error) {
    response = signInFailure(request, error, options, login?.silent && !login.isForeign && login.returnTo)
  }
  if (login) response.headers.append('set-cookie', login.clear)
  return response
}

/** A page of this application leads on to the destination if the session cookie is `Strict`. */
function proceed({ returnTo, isForeign }: PendingLogin, { sameSite }: CallbackOptions): Response {
  if (isForeign) return confirmDestination(returnTo)
  return (sameSite === 'Strict' ? goOn : redirect)(returnTo)
}

/** From here on there are tokens: when no session takes them, they are given back. */
async function start(
  grant: TokenGrant,
  { returnTo, previous, previousExpiresAt }: PendingLogin,
  options: CallbackOptions,
): Promise<void> {
  const { session, sessions } = options
  try {
    await options.start(await applyOnSignedIn(grant, returnTo, options))
  } catch (error) {
    // A session that a logout token has ended revokes its tokens.
    const isEnded = error instanceof EvertokenError && error.code === 'session_ended'
    if (grant.refreshToken !== undefined && !isEnded) giveBack(grant.refreshToken, options)
    throw error
  }
  if (previous !== undefined) await replace(previous).catch(() => undefined)

  /** The new session is valid, also if the old one cannot be ended. */
  async function replace(key: string): Promise<void> {
    const end = async () => (await sessions.stored(key, previousExpiresAt))?.end('replaced')
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

/** Emits an event for an error of the hook. The error itself goes to the error handling of the application. */
async function applyOnSignedIn(
  grant: TokenGrant,
  returnTo: string,
  { onSignedIn, emit }: CallbackOptions,
): Promise<TokenGrant> {
  const { claims = {}, scope } = grant
  try {
    const verdict = await onSignedIn?.({ ...claims }, defined({ returnTo, scope }))
    if (verdict === false)
      throw new RequestRefusedError('sign_in_refused', 'Cannot sign in: the application refuses the user')
    if (!verdict) return grant
    // As JSON, which is all that a session keeps.
    const kept = JSON.parse(JSON.stringify(verdict)) as UserClaims
    return { ...grant, claims: { ...kept, ...pick(claims, IDENTITY) } }
  } catch (error) {
    if (!(error instanceof EvertokenError))
      emit({ type: 'sign_in_failed', code: 'hook_failed', cause: redact(error) })
    throw error
  }
}
