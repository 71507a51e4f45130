import { type CreateMap, createOwnMap } from '../runtime/bounded-map.ts'
import { randomId, sha256 } from '../runtime/digest.ts'
import type { CookieMac } from './cookie-mac.ts'
import {
  createHandleOptions,
  type HandleOptions,
  insert,
  type SessionStrategy,
  type SessionStrategyOptions,
} from './session-strategy.ts'
import type { SessionHandle } from '../../ports/session-handle.ts'
import { TOMBSTONE_SECONDS } from './end-notices.ts'
import { createStoredHandle } from './stored-session.ts'

const MAX_IDS = 2000

export interface ServerStrategyOptions extends SessionStrategyOptions {
  /** Signs the cookies, so that a forged cookie does not cause a store read. */
  readonly mac: CookieMac
  readonly createMap?: CreateMap | undefined
}

/** Creates the kind of session that only the store holds. The cookie holds a random ID. */
export function createServerStrategy(options: ServerStrategyOptions): SessionStrategy {
  const shared = createHandleOptions(options)
  const handleOf = (key: string) => createServerHandle(key, shared)
  /** Caches the keys of verified cookies. */
  const keys = (options.createMap ?? createOwnMap)<string>('cookies', MAX_IDS)

  /** Computes the store key of a session as the hash of the secret that the browser holds (S26). */
  async function remember(cookie: string, secret: string): Promise<string> {
    const key = await sha256(secret)
    keys.set(cookie, key)
    return key
  }

  return {
    pending: shared.pending,
    byKey: handleOf,
    stored: handleOf,
    async find(cookie) {
      const known = keys.get(cookie)
      if (known !== undefined) return { handle: handleOf(known) }
      const opened = await options.mac.open(cookie)
      return 'rejected' in opened ? opened : { handle: handleOf(await remember(cookie, opened.value)) }
    },
    async create(make, _keepAlive, prepare) {
      const secret = randomId()
      const cookie = await options.mac.sign(secret)
      const record = await make(await remember(cookie, secret), Infinity)
      await prepare?.({ record, cookie })
      await insert(record, options)
      return { handle: handleOf(record.id), record, cookie }
    },
  }
}

/** Creates the handle of a server session. The store holds the session, and the cookie only its ID. */
export function createServerHandle(key: string, options: HandleOptions): SessionHandle {
  return createStoredHandle(key, options, {
    isOnlyInStore: true,
    maxRecordBytes: Infinity,
    tombstoneUntil: () => options.clock.now() + TOMBSTONE_SECONDS,
  })
}
