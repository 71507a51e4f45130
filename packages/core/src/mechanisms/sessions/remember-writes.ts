import type { Clock } from '../../ports/clock.ts'
import type { SessionRecord } from '../../model/session-record.ts'
import { replacedBy, restore, wentBack, type WrittenRecord } from '../../rules/stores/store-went-back.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { type CreateMap, createOwnMap } from '../runtime/bounded-map.ts'
import { fingerprint } from '../runtime/digest.ts'
import type { SealedRecord, SealedStore } from './sealed-store.ts'

interface Written extends SealedRecord, WrittenRecord {
  /** When the store may forget the record, in seconds since the epoch. */
  readonly expiresAt: number
}

/** The clock of the store can be this far ahead, so the store may forget an ended session this many seconds early. */
const CLOCK_SKEW_SECONDS = 60
/** The number of sessions that a process remembers. The sealed store holds most of these records in memory in any case. */
const MAX_SESSIONS = 2000

/**
 * Creates a sealed store that detects when its store returns old data, as after a failover to a replica that lagged behind.
 *
 * It remembers the newest record that it wrote for each of its latest sessions. If the store returns an earlier record,
 * the sealed store reports it. If it is safe, the sealed store also writes the newer record again, because using the earlier refresh
 * token could end the grant. Without old data, this costs no store operation.
 */
export function rememberWrites(
  inner: SealedStore,
  clock: Clock,
  emit: EventListener,
  createMap: CreateMap = createOwnMap,
): SealedStore {
  const written = createMap<Written | undefined>('written', MAX_SESSIONS)
  const reported = createMap<number>('reported', MAX_SESSIONS)

  function reportWentBack({ id, generation }: SessionRecord): void {
    if (reported.get(id) === generation) return
    reported.set(id, generation)
    emit({ type: 'store_went_back', session: fingerprint(id) })
  }

  const swap: SealedStore['swap'] = async (key, expected, next, expiresAt, owner) => {
    const previous = expected === undefined ? undefined : inner.seen(expected)?.record
    const pair = await inner.swap(key, expected, next, expiresAt, owner)
    const known = written.get(key)
    // The result of an earlier swap can arrive after that of a later one.
    if (pair !== 'again' && !(known && wentBack(pair.record, known.record))) {
      written.set(key, { ...pair, expiresAt, replaced: replacedBy(previous, next, known) })
    }
    return pair
  }

  /** Whether the store forgot an end. Without the end, the cookie is valid. Other missing records prove nothing. */
  function forgotEnd({ record, expiresAt }: Written): boolean {
    return record.ended !== undefined && clock.now() < expiresAt - CLOCK_SKEW_SECONDS
  }

  async function readAfter(key: string, known: Written): Promise<SealedRecord | undefined> {
    const held = await inner.read(key)
    if (held ? held.sealed === known.sealed || !wentBack(held.record, known.record) : !forgotEnd(known))
      return held
    reportWentBack(known.record)
    const next = held ? restore(held.record, known) : known.record
    if (!next) return held
    const restored = await swap(key, held?.sealed, next, known.expiresAt)
    return restored === 'again' ? inner.read(key) : restored
  }

  return {
    ...inner,
    swap,
    reportWentBack,
    read(key) {
      // The lookup precedes the read, because a write that completes during the read may be missing from its result.
      const known = written.get(key)
      return known ? readAfter(key, known) : inner.read(key)
    },
    readNow:
      inner.readNow &&
      ((key) => {
        const held = inner.readNow?.(key)
        const known = written.get(key)
        return known && known.sealed !== held?.sealed ? undefined : held
      }),
    remove(key) {
      if (written.get(key)) written.set(key, undefined)
      return inner.remove(key)
    },
  }
}
