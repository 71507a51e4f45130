import { isJsonObject } from '../members.ts'
import type { UncheckedJwt } from './jwt.ts'
import { type SessionRecord, sidsOf } from '../../model/session-record.ts'
import type { UserClaims } from '../../model/token-grant.ts'

/** The session or the user that a logout token signs out. It has at least one of `sub` and `sid`. */
export interface LogoutToken {
  readonly sub?: string
  readonly sid?: string
  readonly jti: string
  /** The `iat` of the token: seconds since the epoch, by the clock of the authorization server. */
  readonly issuedAt: number
  /** Seconds since the epoch from which the token is refused as too old. */
  readonly usableUntil: number
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const MAX_AGE_SECONDS = 300
const SKEW_SECONDS = 60
const MAX_TEXT = 512
/** The type of a logout token, if the server uses types. All other servers send `JWT` or no type. */
const TYPES = /^(?:jwt|(?:application\/)?logout\+jwt)$/i

/**
 * Checks the parts that are specific to a logout token (OIDC Back-Channel Logout §2.6).
 *
 * The caller checks signature, issuer and audience. Returns a string with the fault if the token is invalid.
 */
export function judgeLogoutToken({ header, claims }: UncheckedJwt, now: number): LogoutToken | string {
  const { typ } = header
  const { iat, exp, nbf, jti, sub, sid, nonce, events } = claims
  if (typ !== undefined && !(isText(typ) && TYPES.test(typ))) return 'is of another type'
  if (nonce !== undefined) return 'has a nonce'
  if (!isJsonObject(events) || !isJsonObject(events[EVENT])) return 'does not speak of a logout'
  if (typeof exp !== 'number') return 'never expires'
  if (now >= exp + SKEW_SECONDS) return 'has expired'
  if (nbf !== undefined && !(Number(nbf) <= now + SKEW_SECONDS)) return 'is not valid yet'
  if (typeof iat !== 'number' || iat > now + SKEW_SECONDS) return 'was not issued yet'
  const usableUntil = iat + MAX_AGE_SECONDS + SKEW_SECONDS
  if (now >= usableUntil) return 'is too old'
  if (!isText(jti)) return 'has no jti'
  if ((sub !== undefined && !isText(sub)) || (sid !== undefined && !isText(sid))) return 'names nobody'
  if (sub === undefined && sid === undefined) return 'names nobody'
  return {
    jti,
    issuedAt: iat,
    usableUntil,
    ...(sub !== undefined && { sub }),
    ...(sid !== undefined && { sid }),
  }
}

/**
 * Whether a logout ends a session. It ends the session with its `sid`. It ends all sessions of its `sub` if it has no
 * `sid`, if the session does not know its `sid`, or if `all` is set.
 */
export function isSignedOut(
  session: UserClaims,
  token: Pick<LogoutToken, 'sub' | 'sid'>,
  all: boolean,
): boolean {
  const { sub, sid } = token
  if (sub !== undefined && session.sub !== sub) return false
  if (sid === undefined || session.sid === sid) return true
  return sub !== undefined && (all || session.sid === undefined)
}

/** Does the same for a session that may have had several `sid`. */
export function isSessionSignedOut(
  session: Pick<SessionRecord, 'claims' | 'sids'>,
  token: Pick<LogoutToken, 'sub' | 'sid'>,
  all: boolean,
): boolean {
  const { claims } = session
  const known = sidsOf(session).map((sid) => ({ ...claims, sid }))
  return [claims, ...known].some(
    (each) => isSignedOut(each, token, all) && (each.sid !== undefined || known.length === 0),
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT
}
