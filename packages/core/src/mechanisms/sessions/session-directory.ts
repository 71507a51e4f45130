import type { SessionIndex } from '../../ports/session-store.ts'
import {
  endsNewSession,
  type LogoutName,
  namesOfLogout,
  namesOfSession,
} from '../../rules/sign-in/logout-notice.ts'
import type { LogoutToken } from '../../rules/protocol/logout-token.ts'
import { type SessionRecord, sidsOf } from '../../model/session-record.ts'
import { randomId, sha256 } from '../runtime/digest.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import { untilWon } from '../stores/until-won.ts'

/** The user and the ID of a session (OIDC `sub` and `sid`). */
export type SubjectOrSid = Pick<LogoutToken, 'sub' | 'sid'>

/** Finds the sessions that a logout token names, and remembers which logout tokens were used. */
export interface SessionDirectory {
  /** Lists a session. Call this before the session can be used, because an unlisted session cannot be signed out. */
  add(record: SessionRecord): Promise<void>
  /** Returns the keys of all sessions with this subject and session ID. A few of them may have ended. */
  find(claims: SubjectOrSid): Promise<string[]>
  /** Removes a session that has ended. */
  forget(record: SessionRecord): Promise<unknown>
  /**
   * Remembers a logout for sessions that are stored later, for as long as a login can take.
   *
   * @param now - Seconds since the epoch.
   */
  rememberLogout(claims: SubjectOrSid, all: boolean, issuedAt: number, now: number): Promise<void>
  /**
   * Whether a remembered logout ends this session, which must be listed and stored already.
   *
   * @param newSids - The `sid` under which the session was not listed before. Default: all names are new.
   */
  isLoggedOut(record: SessionRecord, newSids?: readonly string[]): Promise<boolean>
  /** Marks a token as used. Resolves to `false` if the token was used before. */
  markUsed(token: LogoutToken): Promise<boolean>
  /** Makes the token usable again after its processing has failed. */
  unmarkUsed(token: LogoutToken): Promise<void>
}

/** A login transaction lasts 15 minutes. Clocks of two machines can differ by 1 minute. */
const REMEMBER_SECONDS = 900 + 60

export function createSessionDirectory(
  store: GuardedStore,
  index: SessionIndex,
  issuer: string,
): SessionDirectory {
  const hash = (name: string, value: unknown) => sha256(JSON.stringify([issuer, name, value]))
  const keyOf = ({ jti }: LogoutToken) => hash('jti', jti)

  function forEachTerm<T>(claims: SubjectOrSid, run: (term: string) => Promise<T>): Promise<T[]> {
    const named = (['sub', 'sid'] as const).filter((name) => typeof claims[name] === 'string')
    return Promise.all(named.map(async (name) => run(await hash(name, claims[name]))))
  }

  /** Runs a function on each term of a session: one term for the subject and one for each `sid`. */
  function forEachTermOf(record: SessionRecord, run: (term: string) => Promise<unknown>): Promise<unknown> {
    const { sub } = record.claims
    const sids = sidsOf(record).map((sid) => ({ sid }))
    return Promise.all(
      [...sids, ...(sub === undefined ? [] : [{ sub }])].map((named) => forEachTerm(named, run)),
    )
  }

  const keyOfName = (name: LogoutName) => hash('logout', name)

  /** Stores the time of a logout. The time is first in the record. The rest makes each record unique. */
  async function rememberName(name: LogoutName, issuedAt: number, expiresAt: number): Promise<void> {
    const key = await keyOfName(name)
    const hint = { owner: name.at(-1), isNote: true }
    await untilWon(async () => {
      const held = await store.read(key)
      const newest = Math.max(issuedAt, timeOf(held) ?? 0)
      const isWon = await store.swap(key, held, `${newest}~${randomId()}`, expiresAt, hint)
      return isWon || 'again'
    })
  }

  return {
    async rememberLogout(claims, all, issuedAt, now) {
      const names = namesOfLogout(claims, all)
      await Promise.all(names.map((name) => rememberName(name, issuedAt, now + REMEMBER_SECONDS)))
    },
    async isLoggedOut(record, newSids) {
      const { claims } = record
      const sids = newSids ?? sidsOf(record)
      const users = sids.length > 0 ? sids.map((sid) => ({ ...claims, sid })) : [claims]
      const ends = users
        .flatMap(namesOfSession)
        .filter(([kind]) => newSids === undefined || kind === 'sid')
        .map(async (name) => endsNewSession(name, timeOf(await store.read(await keyOfName(name))), record))
      return (await Promise.all(ends)).includes(true)
    },
    async add(record) {
      // The entry lasts for the maximum lifetime of the session, so the use of the session needs no update here.
      await forEachTermOf(record, (term) => index.add(term, record.id, record.expiresAt))
    },
    async find(claims) {
      return [...new Set((await forEachTerm(claims, (term) => index.keys(term))).flat())]
    },
    forget: (record) => forEachTermOf(record, (term) => index.remove(term, record.id)),
    async markUsed(token) {
      const hint = { owner: token.sub ?? token.sid, isNote: true }
      return store.swap(await keyOf(token), undefined, randomId(), token.usableUntil, hint)
    },
    unmarkUsed: async (token) => store.remove(await keyOf(token)),
  }
}

function timeOf(held: string | undefined): number | undefined {
  return held === undefined ? undefined : Number.parseFloat(held)
}
