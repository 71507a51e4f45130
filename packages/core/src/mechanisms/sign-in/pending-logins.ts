import type { Clock } from '../../ports/clock.ts'
import {
  cookieBytes,
  loginCookieName,
  MIN_PENDING_LOGINS,
  sessionBytes,
  surplusLogins,
} from '../../rules/sessions/cookie-budget.ts'
import { clearCookie, type CookieAttributes, setCookie } from '../../rules/sessions/cookies.ts'
import { sameText } from '../../rules/same-text.ts'
import type { ProofKey } from '../../model/proof-key.ts'
import type { Registration } from '../../model/session-record.ts'
import { randomId, sha256 } from '../runtime/digest.ts'
import type { LoginTransaction } from '../../ports/authorization-server.ts'
import type { Seal } from '../sessions/seal.ts'

/** A login that waits for its authorization response. */
export interface PendingLogin {
  /** The hash of the secret that the browser holds for this login. */
  readonly id: string
  /** Where the browser goes after the sign-in. */
  readonly returnTo: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** Whether the login uses `prompt=none`. The browser then shows no page, even if the sign-in fails. */
  readonly silent?: true | undefined
  /** Whether another site chose `returnTo`. The browser then goes there only after the user clicks. */
  readonly isForeign?: true | undefined
  /** Maximum time since the user authenticated, in seconds. */
  readonly maxAge?: number | undefined
  /** The accepted ways to authenticate (`acr`), separated by spaces. */
  readonly acrValues?: string | undefined
  /** The types of the requested `authorization_details`. */
  readonly detailTypes?: readonly string[] | undefined
  /** The key that the tokens will be bound to. */
  readonly proofKey?: ProofKey | undefined
  /** The key of the previous session, if the callback cannot see its cookie. */
  readonly previous?: string | undefined
  /** What an owner connects. Absent if the user signs in to the application. */
  readonly connection?: PendingConnection | undefined
  /** When the previous session expires, in seconds since the epoch, if only its cookie holds it. */
  readonly previousExpiresAt?: number | undefined
  /** The registration that the previous session belongs to, if it is another one. */
  readonly previousOwner?: string | undefined
}

/** The connection that a grant will be for. */
export interface PendingConnection extends Registration {
  /** The owner who began. `undefined` if the token response names the owner. */
  readonly owner?: string | undefined
  readonly name: string
  /** The requested scope, which is the granted one if the response names none (RFC 6749 §5.1). */
  readonly scope?: string | undefined
}

/** The random values of one login. */
export type LoginSecrets = Pick<LoginTransaction, 'state' | 'nonce' | 'codeVerifier'>

/**
 * Stores the logins of one browser. The `state` parameter carries the data of a login, encrypted. The browser stores
 * only a small cookie with a random secret for each login.
 *
 * Each login has its own cookie. Otherwise the responses to several tabs that open at the same time would overwrite
 * the cookie. The `state` does not bind a login to the browser that began it, so the cookie is required.
 */
export interface PendingLogins {
  /** Returns the values of a new login, and the `Set-Cookie` lines. */
  begin(
    login: Omit<PendingLogin, 'id' | 'expiresAt'>,
  ): Promise<{ readonly secrets: LoginSecrets; readonly cookies: string[] }>
  /** Returns the login that a `state` carries, or `undefined` if Evertoken did not make it. */
  open(state: string): Promise<PendingLogin | undefined>
  /** Returns the values of a login, or `undefined` if it has expired or this browser has no cookie for it. */
  secretsOf(login: PendingLogin, state: string): Promise<LoginSecrets | undefined>
  /** Returns the `Set-Cookie` line that removes the cookie of a login. */
  clear(login: PendingLogin): string
}

export interface PendingLoginsOptions {
  readonly seal: Seal
  readonly clock: Clock
  readonly cookies: ReadonlyMap<string, string>
  readonly cookieName: string
  readonly attributes: CookieAttributes
  /** The budget for all cookies of Evertoken together. */
  readonly maxCookieBytes: number
}

export const LOGIN_SECONDS = 900

export function createPendingLogins(options: PendingLoginsOptions): PendingLogins {
  const { seal, clock, cookies, cookieName, attributes, maxCookieBytes } = options
  const nameOf = ({ id }: Pick<PendingLogin, 'id'>) => loginCookieName(cookieName, id)

  return {
    async begin(login) {
      const secret = randomId()
      const id = await hashId(secret)
      const pending: PendingLogin = { ...login, id, expiresAt: Math.ceil(clock.now()) + LOGIN_SECONDS }
      const state = toState(await seal.seal(pending))
      const name = nameOf(pending)
      const added = sessionBytes(cookies, cookieName) + cookieBytes(name, secret)
      const surplus = surplusLogins(cookies, cookieName, maxCookieBytes, added, MIN_PENDING_LOGINS - 1)
      return {
        secrets: await secretsFrom(secret, state),
        cookies: [
          setCookie(name, secret, { ...attributes, maxAge: LOGIN_SECONDS }),
          ...surplus.map((other) => clearCookie(other, attributes)),
        ],
      }
    },
    async open(state) {
      const opened = await seal.unseal(fromState(state))
      return 'rejected' in opened ? undefined : (opened.value as PendingLogin)
    },
    async secretsOf(login, state) {
      const secret = cookies.get(nameOf(login)) ?? ''
      const isHere = sameText(await hashId(secret), login.id)
      return isHere && clock.now() < login.expiresAt ? secretsFrom(secret, state) : undefined
    },
    clear: (login) => clearCookie(nameOf(login), attributes),
  }
}

/** Derives the values one-way. Pages can see the `state` and the `nonce`, which must not reveal the other values. */
async function secretsFrom(secret: string, state: string): Promise<LoginSecrets> {
  return { state, nonce: await sha256(`nonce ${secret}`), codeVerifier: await sha256(`verifier ${secret}`) }
}

function hashId(secret: string): Promise<string> {
  return sha256(`login ${secret}`)
}

/** Some servers, such as Okta, allow only letters, digits, `.`, `,`, `_` and `-` in a `state`. */
function toState(sealed: string): string {
  return sealed.replaceAll('.', ',').replaceAll('*', '.')
}

function fromState(state: string): string {
  // Each state has exactly one valid spelling.
  if (state.includes('*')) return ''
  return state.replaceAll('.', '*').replaceAll(',', '.')
}
