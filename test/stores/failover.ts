import type { SessionStore } from '@evertoken/core'
import { inAnHour, performWorkload, recordHistory } from './history.ts'
import { describeViolation, findViolation, type Operation } from './linearizability.ts'
import { type Pair, waitUntil } from './pair.ts'
import { connectIoredis, connectNodeRedis, startRedisPair } from './redis-pair.ts'
import { startPostgresPair } from './postgres-pair.ts'

/** One kind of replication, and whether a failover loses confirmed writes. */
export interface FailoverSubject {
  readonly name: string
  readonly loses: boolean
  start(): Promise<Pair>
}

export const failovers: readonly FailoverSubject[] = [
  {
    name: 'redis, asynchronous (node-redis)',
    loses: true,
    start: () => startRedisPair(connectNodeRedis(false)),
  },
  { name: 'redis, asynchronous (ioredis)', loses: true, start: () => startRedisPair(connectIoredis(false)) },
  {
    name: 'redis, waitForReplicas (node-redis)',
    loses: false,
    start: () => startRedisPair(connectNodeRedis(true)),
  },
  {
    name: 'redis, waitForReplicas (ioredis)',
    loses: false,
    start: () => startRedisPair(connectIoredis(true)),
  },
  { name: 'postgresql, asynchronous', loses: true, start: () => startPostgresPair('local') },
  { name: 'postgresql, synchronous_commit = on', loses: false, start: () => startPostgresPair('on') },
  {
    name: 'postgresql, synchronous_commit = remote_apply',
    loses: false,
    start: () => startPostgresPair('remote_apply'),
  },
]

export interface FailoverResult {
  /** Writes that the store had confirmed before the failover. */
  readonly confirmed: number
  /** How many of them were gone after it. */
  readonly lost: number
  readonly failures: readonly string[]
}

const CLIENTS = 4
const WRITES = 10

/** Fails over while clients write: once when replication works, and once when it lags behind. */
export async function testFailover({ loses, start }: FailoverSubject): Promise<FailoverResult> {
  // Without a lag, an asynchronous replica may have everything or not. Nothing can be tested then.
  const rounds = await Promise.all((loses ? [true] : [true, false]).map((lags) => failOver(start, lags)))
  const confirmed = rounds.reduce((sum, each) => sum + each.confirmed, 0)
  const lost = rounds.reduce((sum, each) => sum + each.lost, 0)
  const failures = rounds.flatMap(({ history }) => judge(history, loses))
  if (loses && lost === 0) failures.push('No write was lost, although none could reach the replica')
  return { confirmed, lost, failures }
}

function judge(history: readonly Operation[], loses: boolean): string[] {
  const violation = findViolation(history)
  if (loses) return violation ? [] : ['The checker did not notice the lost writes']
  return violation ? [describeViolation(violation)] : []
}

async function failOver(start: FailoverSubject['start'], lags: boolean) {
  const history: Operation[] = []
  const pair = await start()
  try {
    const before = await pair.connect()
    const store = recordHistory(before.store, history)
    const writers = Array.from({ length: CLIENTS }, () => startWriter(store))
    const reached = (total: number) => async () =>
      writers.every((each) => each.isOver || each.writes >= total)
    await waitUntil(reached(WRITES), 'The first writes')
    if (lags) {
      pair.cutReplication()
      const after = Math.max(...writers.map(({ writes }) => writes)) + WRITES
      const hasStopped = async () => (await reached(after)()) || pair.isBlocked(CLIENTS)
      await waitUntil(hasStopped, 'The last writes')
    }
    await pair.failOver()
    await Promise.all(writers.map(({ done }) => done))
    await before.close()

    const after = await pair.connect()
    const recorded = recordHistory(after.store, history)
    const lost: number[] = []
    for (const { key, writes } of writers) {
      const found = Number((await recorded.read(key)) ?? 0)
      lost.push(Math.max(0, writes - found))
    }
    const keys = writers.map(({ key }) => key)
    await performWorkload(recorded, { keys, clients: CLIENTS, operations: WRITES })
    await after.close()
    const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
    return { history, confirmed: sum(writers.map(({ writes }) => writes)), lost: sum(lost) }
  } finally {
    await pair.stop()
  }
}

/**
 * A client that swaps its own key from 1 to 2 to 3 and so on, and sometimes reads it, until an operation fails. Only its
 * own key: with `WAIT`, another client of Redis can read a write that is not confirmed yet.
 */
function startWriter(store: Pick<SessionStore, 'read' | 'swap'>) {
  const writer = { key: crypto.randomUUID(), writes: 0, isOver: false, done: Promise.resolve() }
  async function write(): Promise<void> {
    for (;;) {
      const expected = writer.writes === 0 ? undefined : String(writer.writes)
      if (!(await store.swap(writer.key, expected, String(writer.writes + 1), inAnHour()))) return
      writer.writes += 1
      if (writer.writes % 3 === 0) await store.read(writer.key)
    }
  }
  const end = () => void (writer.isOver = true)
  writer.done = write().then(end, end)
  return writer
}
