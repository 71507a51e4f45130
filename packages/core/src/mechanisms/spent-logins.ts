import { type EvertokenError, OperatorError } from '../vocabulary/index.ts'
import { createBoundedMap } from './bounded-map.ts'
import { randomId, sha256 } from './digest.ts'
import type { GuardedStore } from './guarded-store.ts'
import type { PendingLogin } from './pending-logins.ts'

/** Remembers which logins were used, so that an authorization response is accepted once. */
export interface SpentLogins {
  /** Resolves to `false` if the login was used before, by any process that shares the store. */
  spend(login: PendingLogin): Promise<boolean>
}

/** How many logins this process remembers by itself, for an outage of the store. */
const MAX_REMEMBERED = 10_000

/**
 * Anyone can begin logins and use them with a wrong code. In a memory store, they must not push out sessions, or the notes
 * about the sign-outs of users. As notes of one owner, they push out each other.
 */
const HINT = { owner: 'login', isNote: true }

export function createSpentLogins(store: GuardedStore, issuer: string): SpentLogins {
  const spent = createBoundedMap<string, true>(MAX_REMEMBERED)
  return {
    async spend({ id, expiresAt }) {
      if (spent.get(id)) return false
      spent.set(id, true)
      const key = await sha256(JSON.stringify([issuer, 'login', id]))
      return store.swap(key, undefined, randomId(), expiresAt, HINT).catch(ignoreOutage)
    },
  }
}

/** Users can sign in during an outage of the store. The authorization server still accepts each code once. */
function ignoreOutage(error: EvertokenError): true {
  if (error instanceof OperatorError) return true
  throw error
}
