import type { ConnectionRecord } from '../../model/connection-record.ts'
import {
  compareListings,
  firstListing,
  lastRefreshOf,
  listingOf,
  type ListingPosition,
} from '../../rules/connections/refresh-listing.ts'
import type { ConnectionSnapshot, ConnectionStore, UnreadableRecord } from './connection-store.ts'
import { createIdleQueues, type IdleQueuesOptions } from './idle-queues.ts'
import type { RefreshCursor } from './refresh-cursor.ts'
import type { RefreshIndex } from './refresh-index.ts'

/** The number of connections by the result of their refresh. */
export interface IdleRefreshes {
  /** How many grants were refreshed. */
  readonly refreshed: number
  /** How many refreshes have failed for now. A later call tries them again. */
  readonly failed: number
  /** How many grants no longer work, so that their owners must connect again. */
  readonly needsReauthorization: number
  /** Whether all connections were visited. `false`: call again to continue. */
  readonly isComplete: boolean
  /** Seconds after which to call again, if a provider refuses requests or is slow. Its grants are kept. Absent if none is. */
  readonly retryAfterSeconds?: number
}

export interface RefreshIdleOptions extends Omit<IdleQueuesOptions, 'refresh'> {
  readonly store: Pick<ConnectionStore, 'read'>
  readonly index: RefreshIndex
  readonly cursor: RefreshCursor
  /** How many requests the run can plan. */
  readonly maxRequests: number
  /** Returns the name of the provider of a connection. `undefined` if the application does not have it. */
  readonly providerOf: (record: ConnectionRecord) => string | undefined
  /** Refreshes a grant, unless another process has replaced it since it was read. Resolves to whether the grant works. */
  readonly refresh: (seen: ConnectionSnapshot) => Promise<boolean>
}

/** The records that are read at the same time. */
const PARALLEL_READS = 32
/** Requests for the place of the last run and of this one, and for the names of the lists. */
const START_REQUESTS = 4
/** Requests for one list. If it is empty, three of them remove it. */
const LIST_REQUESTS = 4
/** Requests to correct an entry that does not fit its record. */
const CORRECTION_REQUESTS = 6
const READ_REQUESTS = 1 + CORRECTION_REQUESTS
/** Requests for a refresh: to read and lock the record, to the provider, to store the token, and for the index. */
const REFRESH_REQUESTS = 10
/** Reads of a record that another process has locked, until that process is done or is known to have stopped. */
const WAIT_REQUESTS = 400

/** With fewer, a run could not refresh a grant. */
export const MIN_REQUESTS: number = START_REQUESTS + LIST_REQUESTS + READ_REQUESTS + REFRESH_REQUESTS

/**
 * Refreshes the grants whose last refresh was before a time.
 *
 * It visits the oldest first, and continues where the last run was cut. A grant leaves its list when it is refreshed.
 *
 * @param limit - Seconds since the epoch.
 */
export async function refreshIdle(limit: number, options: RefreshIdleOptions): Promise<IdleRefreshes> {
  const { index, cursor, providerOf, maxRequests } = options
  const { first: from, left: lastLeft } = await cursor.read()
  /** Where the last run has left each provider. */
  const starts = new Map(lastLeft)
  const counts = { refreshed: 0, failed: 0, needsReauthorization: 0 }
  // With a limit, the first connection must get what it needs, before others reserve requests. Otherwise, it might wait for ever.
  const parallelReads = maxRequests === Infinity ? PARALLEL_READS : 1
  let requestsLeft = maxRequests - START_REQUESTS
  /** The keys of records for which a run with a limit can wait. */
  const canWait = new Set<string>()
  let hasFailed = false
  let first: ListingPosition | undefined
  const isCut = () => hasFailed || options.isCut()
  const queues = createIdleQueues({ ...options, isCut, refresh })

  function reserve(requests: number): boolean {
    if (isCut() || requestsLeft < requests) return false
    requestsLeft -= requests
    return true
  }

  /** The next run begins at the first place that this one has not visited. */
  function leave(position: ListingPosition): undefined {
    first = firstListing(first, position)
  }

  const isDue = (record: ConnectionRecord) =>
    listingOf(record) !== undefined && lastRefreshOf(record) <= limit

  /** Resolves to the record if its grant must be refreshed. */
  async function visit(position: ListingPosition): Promise<ConnectionRecord | undefined> {
    if (first || !reserve(READ_REQUESTS)) return leave(position)
    const held = await readListed(position, options)
    const { record } = held ?? {}
    const isCorrect = held !== undefined && (!record || listingOf(record) === position.name)
    if (isCorrect) requestsLeft += CORRECTION_REQUESTS
    if (held && !record) counts.failed++
    else if (record?.broken && !record.broken.isTemporary) counts.needsReauthorization++
    else if (record && isDue(record)) return record
    return undefined
  }

  async function enqueue(position: ListingPosition, record: ConnectionRecord): Promise<void> {
    if (first) return leave(position)
    const name = providerOf(record)
    if (name === undefined) return
    // A function as provider can have a server for each owner. A server that refuses must not stop the others.
    const provider = JSON.stringify([name, record.issuer])
    const start = starts.get(provider)
    // The last run has tried it. If each run began with it, a grant that is always refused would stop the others.
    if (start && compareListings(position, start) < 0) return
    const hasRoom = await queues.hasRoom(provider)
    if (!hasRoom && !isCut()) queues.leave(provider, position)
    else if (!reserveRefresh(record)) leave(position)
    else queues.push(provider, position)
  }

  function reserveRefresh({ id, ledger }: ConnectionRecord): boolean {
    // A run that can never wait for another process must not stop here each time.
    const waits = ledger.lease !== undefined && maxRequests >= MIN_REQUESTS + WAIT_REQUESTS
    if (!reserve(REFRESH_REQUESTS + (waits ? WAIT_REQUESTS : 0))) return false
    if (waits) canWait.add(id)
    return true
  }

  async function visitAll(): Promise<void> {
    const isAhead = (position: ListingPosition) => !from || compareListings(position, from) >= 0
    for (const name of await index.due(limit)) {
      if (from && name !== from.name && !isAhead({ name, key: '' })) continue
      if (!reserve(LIST_REQUESTS)) return leave({ name, key: '' })
      const keys = await index.keysOf(name)
      const positions = keys.map((key) => ({ name, key })).filter(isAhead)
      positions.sort(compareListings)
      for (let i = 0; i < positions.length && !first; i += parallelReads) {
        const batch = positions.slice(i, i + parallelReads)
        const records = await Promise.all(batch.map(visit))
        for (const [at, position] of batch.entries()) {
          const record = records[at]
          if (record) await enqueue(position, record)
        }
      }
      if (first) return
    }
  }

  /** The record can be old when its turn comes, so it is read again. */
  async function refresh(position: ListingPosition): Promise<boolean> {
    try {
      const seen = await readListed(position, options)
      if (!seen?.record || !isDue(seen.record)) return false
      if (seen.record.ledger.lease && maxRequests < Infinity && !canWait.has(position.key)) {
        counts.failed++
        return false
      }
      if (await options.refresh(seen)) counts.refreshed++
      else {
        counts.needsReauthorization++
        // If the refusal is final, the next run does not visit it again.
        await index.correct(position.name, position.key, undefined)
      }
      return true
    } catch (error) {
      // An event has reported it.
      counts.failed++
      throw error
    }
  }

  await visitAll().catch(async (error: unknown) => {
    hasFailed = true
    await queues.finish()
    throw error
  })
  const unvisited = await queues.finish()
  if (unvisited.first) leave(unvisited.first)
  const left = new Map(unvisited.left)
  for (const [provider, start] of starts) {
    const isAhead = !from || compareListings(from, start) <= 0
    const isVisited = isAhead && (!first || compareListings(start, first) < 0)
    if (!isVisited) left.set(provider, firstListing(start, left.get(provider)) as ListingPosition)
  }
  await cursor.write({ first, left: [...left] })
  const { retryAfterSeconds } = unvisited
  const isComplete = first === undefined && left.size === 0
  return { ...counts, isComplete, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) }
}

/** Reads the record of an entry, and corrects the entry if the record does not belong to this list. */
async function readListed(
  { name, key }: ListingPosition,
  { store, index }: Pick<RefreshIdleOptions, 'store' | 'index'>,
): Promise<ConnectionSnapshot | UnreadableRecord | undefined> {
  const held = await store.read({ key })
  // Applications with other secrets can share the store.
  if (held && !held.record) return held
  await index.correct(name, key, held?.record)
  return held?.record.ended ? undefined : held
}
