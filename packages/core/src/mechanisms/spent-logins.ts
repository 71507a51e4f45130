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

/** Anyone can begin logins and use them with a wrong code. They must not push sessions out of a memory store. */
const MAX_REMEMBERED = 10_000

/** @param isPrivate - Whether only this process uses the store, so that its memory is sufficient. */
export function createSpentLogins(store: GuardedStore, issuer: string, isPrivate: boolean): SpentLogins {
  const spent = createBoundedMap<string, true>(MAX_REMEMBERED)
  return {
    async spend({ id, expiresAt }) {
      if (spent.get(id)) return false
      spent.set(id, true)
      if (isPrivate) return true
      const key = await sha256(JSON.stringify([issuer, 'login', id]))
      return store.swap(key, undefined, randomId(), expiresAt).catch(ignoreOutage)
    },
  }
}

/** Users can sign in during an outage of the store. The authorization server still accepts each code once. */
function ignoreOutage(error: EvertokenError): true {
  if (error instanceof OperatorError) return true
  throw error
}
