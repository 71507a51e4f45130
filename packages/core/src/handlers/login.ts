import type { Clock } from '../ports/clock.ts'
import { type CookieAttributes, clearCookie, setCookie } from '../rules/cookies.ts'
import { safeReturnTo } from '../rules/return-to.ts'
import type { LoginTransaction, Protocol } from '../mechanisms/protocol.ts'
import type { Seal } from '../mechanisms/seal.ts'
import { fingerprint, sha256 } from '../mechanisms/digest.ts'
import { RequestRefusedError } from '../vocabulary/index.ts'

/** A login under way, as its cookie keeps it. */
export interface PendingLogin extends LoginTransaction {
  readonly issuer: string
  readonly returnTo: string
  readonly expiresAt: number
}

export interface LoginOptions {
  readonly protocol: Protocol
  readonly seal: Seal
  readonly clock: Clock
  readonly issuer: string
  readonly cookieName: string
  readonly secure: boolean
  readonly redirectUri: string
  readonly origin: string
  /** For the authorization request: scope, resource and whatever else is asked for. */
  readonly parameters: URLSearchParams
}

const LOGIN_SECONDS = 900
/** Logins in parallel tabs; the browser is asked to forget the oldest of more. */
const MAX_PENDING = 4

/** Sends the browser to the authorization server (RFC 6749 §4.1.1, with PKCE). */
export async function login(
  request: Request,
  cookies: ReadonlyMap<string, string>,
  options: LoginOptions,
): Promise<Response> {
  const { protocol, seal, clock, issuer, origin } = options
  const returnTo = safeReturnTo(new URL(request.url).searchParams.get('returnTo'), origin)
  const transaction = protocol.newTransaction(options.redirectUri)
  const url = await protocol.authorizationUrl(transaction, options.parameters)
  const pending: PendingLogin = { ...transaction, issuer, returnTo, expiresAt: clock.now() + LOGIN_SECONDS }

  const name = await transactionCookie(options.cookieName, transaction.state)
  const headers = new Headers({ location: url.href, 'cache-control': 'no-store' })
  const attributes = { ...attributesOf(options), maxAge: LOGIN_SECONDS }
  headers.append('set-cookie', setCookie(name, await seal.seal(pending), attributes))
  for (const abandoned of pendingLogins(options.cookieName, cookies).slice(MAX_PENDING - 1)) {
    headers.append('set-cookie', clearCookie(abandoned, attributesOf(options)))
  }
  return new Response(null, { status: 302, headers })
}

/** Finds the login that a state belongs to, and the cookie line that makes it usable only once. */
export async function takePendingLogin(
  state: string | null,
  cookies: ReadonlyMap<string, string>,
  options: LoginOptions,
): Promise<{ readonly pending: PendingLogin; readonly clear: string }> {
  const name = await transactionCookie(options.cookieName, state ?? '')
  const sealed = cookies.get(name)
  const opened = sealed === undefined ? undefined : await options.seal.unseal(sealed)
  if (!opened || 'rejected' in opened) throw unknownLogin('it was not started in this browser, or is used up')
  const pending = opened.value as PendingLogin
  if (pending.issuer !== options.issuer || pending.state !== state) throw unknownLogin('it belongs elsewhere')
  if (pending.expiresAt <= options.clock.now()) throw unknownLogin('it took too long')
  return { pending, clear: clearCookie(name, attributesOf(options)) }
}

async function transactionCookie(cookieName: string, state: string): Promise<string> {
  return `${cookieName}.login.${fingerprint(await sha256(state))}`
}

function pendingLogins(cookieName: string, cookies: ReadonlyMap<string, string>): string[] {
  const prefix = `${cookieName}.login.`
  return [...cookies.keys()].filter((name) => name.startsWith(prefix) && name.length === prefix.length + 8)
}

function attributesOf({ secure }: LoginOptions): CookieAttributes {
  return { secure, sameSite: 'Lax' }
}

function unknownLogin(why: string): RequestRefusedError {
  return new RequestRefusedError(
    'login_transaction_invalid',
    `Cannot finish the sign-in: ${why}; sign in again`,
  )
}
