import { type EvertokenError, OperatorError } from '../../vocabulary/index.ts'
import { type CreateMap, createOwnMap } from '../runtime/bounded-map.ts'
import { randomId, sha256 } from '../runtime/digest.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { PendingLogin } from './pending-logins.ts'

/** Remembers which logins were used, so that an authorization response is accepted once. */
export interface UsedLogins {
  /** Resolves to `false` if the login was used before, by any process that shares the store. */
  markUsed(login: PendingLogin): Promise<boolean>
}

/** The number of logins that this process remembers in its own memory, in case the store fails. */
const MAX_REMEMBERED = 10_000

/**
 * Assigns the notes about logins to one owner, so that they displace only each other.
 *
 * Any client can begin logins and use them with a wrong code. In a memory store, these notes must not displace sessions
 * or the notes about the sign-outs of users.
 */
const HINT = { owner: 'login', isNote: true }

export function createUsedLogins(
  store: GuardedStore,
  issuer: string,
  createMap: CreateMap = createOwnMap,
): UsedLogins {
  const spent = createMap<true>('logins', MAX_REMEMBERED)
  return {
    async markUsed({ id, expiresAt }) {
      if (spent.get(id)) return false
      spent.set(id, true)
      const key = await sha256(JSON.stringify([issuer, 'login', id]))
      return store.swap(key, undefined, randomId(), expiresAt, HINT).catch(ignoreOutage)
    },
  }
}

/** Accepts the login if the store fails. The authorization server still accepts each code only once. */
function ignoreOutage(error: EvertokenError): true {
  if (error instanceof OperatorError) return true
  throw error
}
