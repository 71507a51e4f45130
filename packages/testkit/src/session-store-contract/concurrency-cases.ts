import type { SessionStore } from '@evertoken/core'
import { type Bench, type Cases, LONG_SECONDS } from './contract.ts'
import { check, expectRecord, expectSwap, shown } from './expectations.ts'

const RACERS = 50
const ROUNDS = 10
const WORKERS = 20
const INCREMENTS = 10
const TOTAL = WORKERS * INCREMENTS

export const concurrencyCases: Cases = {
  'lets one of many parallel swaps win': async (bench) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = bench.key(`swap-${round}`)
      await create(bench, key, 'start')
      await race(bench, key, 'start')
    }
  },

  'lets one of many parallel creations win': async (bench) => {
    for (let round = 0; round < ROUNDS; round += 1) await race(bench, bench.key(`create-${round}`), undefined)
  },

  'loses no update of a contended record': async (bench) => {
    const key = bench.key()
    await create(bench, key, '0')
    const workers = Array.from({ length: WORKERS }, async (_, i) => {
      for (let done = 0; done < INCREMENTS; done += 1) await increment(bench, connection(bench, i), key)
    })
    await Promise.all(workers)
    await expectRecord(bench.store, key, String(TOTAL), `after ${TOTAL} increments were acknowledged`)
  },

  // Either the swap came first and its record was removed, or the removal did and the swap failed.
  'leaves nothing behind when a swap and a removal meet': async (bench) => {
    for (let round = 0; round < RACERS; round += 1) {
      const key = bench.key(`remove-${round}`)
      await create(bench, key, 'start')
      const swap = () => bench.second.swap(key, 'start', 'swapped', bench.inSeconds(LONG_SECONDS))
      const remove = () => bench.store.remove(key)
      await Promise.all(round % 2 === 0 ? [swap(), remove()] : [remove(), swap()])
      await expectRecord(bench.store, key, undefined, 'after a swap and a removal at the same time')
    }
  },

  // After both, the key holds what the creation wrote or nothing, and only a creation that followed the removal won.
  'keeps the answer of a creation true when a removal meets it': async (bench) => {
    for (let round = 0; round < RACERS; round += 1) {
      const key = bench.key(`recreate-${round}`)
      await create(bench, key, 'start')
      const [created] = await Promise.all([
        bench.second.swap(key, undefined, 'created', bench.inSeconds(LONG_SECONDS)),
        bench.store.remove(key),
      ])
      await expectRecord(
        bench.store,
        key,
        created ? 'created' : undefined,
        `after the creation was complete ${created}`,
      )
    }
  },
}

async function race(bench: Bench, key: string, expected: string | undefined): Promise<void> {
  const expiresAt = bench.inSeconds(LONG_SECONDS)
  const names = Array.from({ length: RACERS }, (_, i) => `racer-${i}`)
  const answers = await Promise.all(
    names.map((name, i) => connection(bench, i).swap(key, expected, name, expiresAt)),
  )
  const winners = names.filter((_, i) => answers[i] === true)
  check(
    winners.length === 1,
    `${winners.length} of ${RACERS} parallel swaps that expected ${shown(expected)} won, not 1`,
  )
  await expectRecord(bench.store, key, winners[0], 'after parallel swaps, of which that one won')
}

/** A swap fails only because another one succeeded, which can happen `TOTAL` times. */
async function increment({ inSeconds }: Bench, store: SessionStore, key: string): Promise<void> {
  for (let tries = 0; tries <= TOTAL; tries += 1) {
    const current = await store.read(key)
    if (await store.swap(key, current, String(Number(current) + 1), inSeconds(LONG_SECONDS))) return
  }
  throw new Error('swap kept returning false to workers that expected the record that they had just read')
}

function create({ store, inSeconds }: Bench, key: string, record: string): Promise<void> {
  return expectSwap(store, { key, record, expiresAt: inSeconds(LONG_SECONDS) }, true, 'for a new key')
}

function connection({ store, second }: Bench, i: number): SessionStore {
  return i % 2 === 0 ? store : second
}
