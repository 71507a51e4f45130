import { fingerprint, sha256 } from '../mechanisms/digest.ts'
import type { LoginTransaction } from '../mechanisms/protocol/sign-in.ts'
import type { Seal } from '../mechanisms/seal.ts'
import type { Clock } from '../ports/clock.ts'
import { clearCookie, type CookieAttributes, setCookie } from '../rules/cookies.ts'
import { sameText } from '../rules/same-text.ts'
import { RequestRefusedError } from '../vocabulary/index.ts'

/** A login under way, as its cookie keeps it. */
export interface PendingLogin extends LoginTransaction {
  readonly issuer: string
  readonly returnTo: string
  readonly expiresAt: number
  /** Whatever comes of it, it comes without a page. */
  readonly silent?: true
  /** The key of the session before, where the callback cannot see its cookie. */
  readonly previous?: string
}

/** Keeps logins in cookies, one for each, so that tabs do not disturb each other. */
export interface PendingLogins {
  /** Resolves to the `Set-Cookie` lines. */
  keep(login: Omit<PendingLogin, 'issuer' | 'expiresAt'>): Promise<string[]>
  /**
   * Finds the login that a state belongs to, and the cookie line that makes it usable only once.
   *
   * @throws RequestRefusedError when there is none, or no more.
   */
  take(state: string | null): Promise<{ readonly pending: PendingLogin; readonly clear: string }>
}

export interface PendingLoginsOptions {
  readonly seal: Seal
  readonly clock: Clock
  readonly issuer: string
  readonly cookieName: string
  readonly cookies: ReadonlyMap<string, string>
  readonly attributes: CookieAttributes
}

const LOGIN_SECONDS = 900
/** Logins in parallel tabs; the browser is asked to forget the oldest of more. */
const MAX_PENDING = 4

export function createPendingLogins(options: PendingLoginsOptions): PendingLogins {
  const { seal, clock, issuer, cookieName, cookies, attributes } = options
  const prefix = `${cookieName}.login.`
  const nameOf = async (state: string) => prefix + fingerprint(await sha256(state))

  return {
    async keep(login) {
      const pending: PendingLogin = { ...login, issuer, expiresAt: clock.now() + LOGIN_SECONDS }
      const sealed = await seal.seal(pending)
      const abandoned = [...cookies.keys()]
        .filter((name) => name.startsWith(prefix) && name.length === prefix.length + 8)
        // Browsers send the oldest cookie first.
        .slice(0, 1 - MAX_PENDING)
      return [
        setCookie(await nameOf(login.state), sealed, { ...attributes, maxAge: LOGIN_SECONDS }),
        ...abandoned.map((name) => clearCookie(name, attributes)),
      ]
    },
    async take(state) {
      const name = await nameOf(state ?? '')
      const sealed = cookies.get(name)
      const opened = sealed === undefined ? undefined : await seal.unseal(sealed)
      if (!opened || 'rejected' in opened)
        throw unknownLogin('it was not started in this browser, or is used up')
      const pending = opened.value as PendingLogin
      if (pending.issuer !== issuer || !sameText(pending.state, state ?? ''))
        throw unknownLogin('it belongs elsewhere')
      if (pending.expiresAt <= clock.now()) throw unknownLogin('it took too long')
      return { pending, clear: clearCookie(name, attributes) }
    },
  }
}

function unknownLogin(why: string): RequestRefusedError {
  return new RequestRefusedError(
    'login_transaction_invalid',
    `Cannot finish the sign-in: ${why}; sign in again`,
  )
}
