import { fingerprint, sha256 } from '../mechanisms/digest.ts'
import type { Note, Notes } from '../mechanisms/notes.ts'
import type { LoginTransaction } from '../mechanisms/protocol/sign-in.ts'
import { RequestRefusedError } from '../vocabulary/index.ts'

/** A login under way, as its cookie keeps it. */
export interface PendingLogin extends LoginTransaction, Note {
  readonly issuer: string
  /** Whatever comes of it, it comes without a page. */
  readonly silent?: true | undefined
  /** Another site chose `returnTo`, so the browser does not go there without a click. */
  readonly isForeign?: true | undefined
  /** The key of the session before, where the callback cannot see its cookie. */
  readonly previous?: string | undefined
  /** When that session expires, in seconds since the epoch, if only its cookie holds it. */
  readonly previousExpiresAt?: number | undefined
}

/** Logins are kept in cookies, one for each, so that tabs do not disturb each other. */
export interface PendingLoginOptions {
  readonly logins: Notes<PendingLogin>
  readonly issuer: string
  /** Of the session; those here have `.login.` and a hash of the state behind it. */
  readonly cookieName: string
  readonly cookies: ReadonlyMap<string, string>
}

/** Logins in parallel tabs; the browser is asked to forget the oldest of more. */
const MAX_PENDING = 4

/** Resolves to the `Set-Cookie` lines. */
export async function keepLogin(
  login: Omit<PendingLogin, 'issuer'>,
  { logins, issuer, cookieName, cookies }: PendingLoginOptions,
): Promise<string[]> {
  const name = await nameOf(login.state, cookieName)
  const abandoned = [...cookies.keys()]
    .filter((other) => other.startsWith(`${cookieName}.login.`) && other.length === name.length)
    // Browsers send the oldest cookie first.
    .slice(0, 1 - MAX_PENDING)
  return [await logins.write(name, { ...login, issuer }), ...abandoned.map(logins.clear)]
}

/**
 * Finds the login that a state belongs to, and the cookie line that makes it usable only once.
 *
 * @throws RequestRefusedError when there is none, or no more.
 */
export async function takeLogin(
  state: string,
  { logins, issuer, cookieName }: PendingLoginOptions,
): Promise<PendingLogin & { readonly clear: string }> {
  const name = await nameOf(state, cookieName)
  const login = await logins.read(name, state)
  if (login?.issuer === issuer) return { ...login, clear: logins.clear(name) }
  const message = 'Cannot finish the sign-in, which is too old, used up, or of another browser: sign in again'
  throw new RequestRefusedError('login_transaction_invalid', message)
}

async function nameOf(state: string, cookieName: string): Promise<string> {
  return `${cookieName}.login.${fingerprint(await sha256(state))}`
}
