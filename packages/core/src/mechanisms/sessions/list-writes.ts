import type { SessionRecord } from '../../model/session-record.ts'
import type { SealedStore } from './sealed-store.ts'
import { ignoreStore } from './stored-session.ts'

/**
 * Creates a sealed store that lists each session that is not listed yet, before it stores the session. Such a session began
 * before sessions were listed. If the store fails to list it, the next write tries again.
 *
 * @param list - Lists a session in the index of the store.
 */
export function listWrites(
  inner: SealedStore,
  list: (record: SessionRecord) => Promise<unknown>,
): SealedStore {
  async function listed(record: SessionRecord): Promise<SessionRecord> {
    if (record.isIndexed || record.ended || record.claims.sub === undefined) return record
    const isListed = await list(record).then(() => true, ignoreStore)
    return isListed ? { ...record, isIndexed: true } : record
  }

  return {
    ...inner,
    swap: async (key, expected, next, expiresAt, owner) =>
      inner.swap(key, expected, await listed(next), expiresAt, owner),
  }
}
