import type { RequestSession } from '../mechanisms/request-session.ts'
import type { TokenGrant, UserClaims } from '../rules/session-record.ts'
import { RequestRefusedError } from '../vocabulary/index.ts'
import { readForm } from './form.ts'
import type { LoginOptions } from './login.ts'
import type { PendingLogin } from './pending-login.ts'
import { goOn, redirect } from './redirect.ts'
import { signInFailure } from './sign-in-failure.ts'

/** What `onSignedIn` is told beside the claims. */
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
  readonly session: Pick<RequestSession, 'keepAlive'> & { start(grant: TokenGrant): Promise<void> }
  /** Ends the session of a store key, if there is one. */
  readonly end: (key: string) => Promise<unknown>
  readonly onSignedIn: OnSignedIn | undefined
}

const IDENTITY = ['iss', 'sub', 'sid', 'auth_time']

/** Receives the authorization response, starts the session and sends the browser back to where it wanted to go. */
export async function callback(request: Request, options: CallbackOptions): Promise<Response> {
  const { logins, protocol, responseMode } = options
  const form = responseMode === 'form_post' ? await readForm(request) : undefined
  const parameters = form ?? new URL(request.url).searchParams
  let taken: Awaited<ReturnType<typeof logins.take>> | undefined
  let response: Response
  try {
    taken = await logins.take(parameters.get('state'))
    await start(await protocol.redeem(parameters, taken.pending), taken.pending, options)
    response = (options.strict ? goOn : redirect)(taken.pending.returnTo)
  } catch (error) {
    const silentReturnTo = taken?.pending.silent && taken.pending.returnTo
    response = signInFailure(request, error, options, silentReturnTo)
  }
  if (taken) response.headers.append('set-cookie', taken.clear)
  return response
}

/** From here on there are tokens: when no session takes them, they are given back. */
async function start(grant: TokenGrant, pending: PendingLogin, options: CallbackOptions): Promise<void> {
  const { session, protocol } = options
  try {
    await session.start(await welcomed(grant, pending, options))
  } catch (error) {
    if (grant.refreshToken !== undefined) session.keepAlive(protocol.revoke(grant.refreshToken))
    throw error
  }
  // The new session stands whatever becomes of the old one.
  if (pending.previous !== undefined) await options.end(pending.previous).catch(() => undefined)
}

async function welcomed(
  grant: TokenGrant,
  { returnTo }: PendingLogin,
  { onSignedIn }: CallbackOptions,
): Promise<TokenGrant> {
  const { claims = {}, scope } = grant
  const verdict = await onSignedIn?.({ ...claims }, { returnTo, ...(scope !== undefined && { scope }) })
  if (verdict === false) throw notWelcome()
  if (!verdict) return grant
  const identity = Object.entries(claims).filter(([name]) => IDENTITY.includes(name))
  // As JSON, which is all that a session keeps.
  const kept = JSON.parse(JSON.stringify(verdict)) as UserClaims
  return { ...grant, claims: { ...kept, ...Object.fromEntries(identity) } }
}

function notWelcome(): RequestRefusedError {
  const message = 'Cannot sign in: this application does not accept the user'
  return new RequestRefusedError('sign_in_refused', message)
}
