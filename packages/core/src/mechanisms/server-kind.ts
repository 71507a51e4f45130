import { createBoundedMap } from './bounded-map.ts'
import { randomId, sha256 } from './digest.ts'
import { createServerCell } from './server-cell.ts'
import { createCellOptions, insert, type SessionKind, type SessionKindOptions } from './session-kind.ts'

const ID = /^[\w-]{43}$/
const MAX_IDS = 2000

/** Sessions in the store; the cookie holds a random id. */
export function createServerKind(options: SessionKindOptions): SessionKind {
  const cells = createCellOptions(options)
  const cellOf = (key: string) => createServerCell(key, cells)
  const ids = createBoundedMap<string, string>(MAX_IDS)

  /** S26: the store knows a session by the hash of what the browser holds. */
  async function idOf(secret: string): Promise<string> {
    const known = ids.get(secret)
    if (known !== undefined) return known
    const id = await sha256(secret)
    ids.set(secret, id)
    return id
  }

  return {
    pending: cells.pending,
    byKey: cellOf,
    stored: cellOf,
    async find(cookie) {
      return ID.test(cookie) ? { cell: cellOf(await idOf(cookie)) } : { rejected: 'malformed' }
    },
    async create(make) {
      const cookie = randomId()
      const record = await make(await idOf(cookie))
      await insert(record, options)
      return { cell: cellOf(record.id), record, cookie }
    },
  }
}
