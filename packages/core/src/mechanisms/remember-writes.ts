import type { Clock } from '../ports/clock.ts'
import type { SessionRecord } from '../rules/session-record.ts'
import { replacedBy, restore, wentBack, type WrittenRecord } from '../rules/store-went-back.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { createBoundedMap } from './bounded-map.ts'
import { fingerprint } from './digest.ts'
import type { SealedRecord } from './sealed-records.ts'
import type { Vault } from './vault.ts'

interface Written extends SealedRecord, WrittenRecord {
  /** When the store may forget the record, in seconds since the epoch. */
  readonly expiresAt: number
}

/** A store may forget an ended session early by the seconds that its clock is ahead of this one. */
const CLOCK_SKEW_SECONDS = 60
/** Sessions that a process remembers. The records are mostly the ones that the vault has in memory in any case. */
const MAX_SESSIONS = 2000

/**
 * A vault that notices when its store went back, as a failover to a replica that lagged behind does.
 *
 * It remembers the newest record that it wrote for each of its latest sessions. If the store returns an earlier one, the
 * vault reports that and, where this is safe, writes the newer one again: using the earlier refresh token could end the
 * grant. As long as the store does not go back, this costs no store operation.
 */
export function rememberWrites(vault: Vault, clock: Clock, emit: EventListener): Vault {
  const written = createBoundedMap<string, Written | undefined>(MAX_SESSIONS)
  const reported = createBoundedMap<string, number>(MAX_SESSIONS)

  function reportWentBack({ id, generation }: SessionRecord): void {
    if (reported.get(id) === generation) return
    reported.set(id, generation)
    emit({ type: 'store_went_back', session: fingerprint(id) })
  }

  const swap: Vault['swap'] = async (key, expected, next, expiresAt, owner) => {
    const previous = expected === undefined ? undefined : vault.seen(expected)?.record
    const pair = await vault.swap(key, expected, next, expiresAt, owner)
    const known = written.get(key)
    // The result of an earlier swap can arrive after that of a later one.
    if (pair && !(known && wentBack(pair.record, known.record))) {
      written.set(key, { ...pair, expiresAt, replaced: replacedBy(previous, next, known) })
    }
    return pair
  }

  /** A missing record can mean many things. Only an end is written again: without it, the cookie opens the session. */
  function forgotEnd({ record, expiresAt }: Written): boolean {
    return record.ended !== undefined && clock.now() < expiresAt - CLOCK_SKEW_SECONDS
  }

  async function readAfter(key: string, known: Written): Promise<SealedRecord | undefined> {
    const held = await vault.read(key)
    if (held ? held.sealed === known.sealed || !wentBack(held.record, known.record) : !forgotEnd(known))
      return held
    reportWentBack(known.record)
    const next = held ? restore(held.record, known) : known.record
    return next ? ((await swap(key, held?.sealed, next, known.expiresAt)) ?? vault.read(key)) : held
  }

  return {
    ...vault,
    swap,
    reportWentBack,
    read(key) {
      // Looked up before the read begins: a write that completes during the read may be missing from its result.
      const known = written.get(key)
      return known ? readAfter(key, known) : vault.read(key)
    },
    remove(key) {
      if (written.get(key)) written.set(key, undefined)
      return vault.remove(key)
    },
  }
}
