import { requestWith, tokenOf } from '../application.ts'
import { collectGarbage, each, interleave, type Sample, type Timing } from '../harness.ts'
import { micros, type Row } from '../table.ts'
import { type FullStore, fullStore, inAnHour, pick, shuffled } from './many-sessions.ts'

const MANY = 1_000_000
const FEW = 1000
const ROUNDS = 400
const TARGET = 1.25

/** Which sessions a round uses: always the same, which the processor's caches then hold, or others each time. */
type Use = { readonly same: readonly number[] } | { readonly below: number }
type Read = (key: string) => Promise<unknown>

/** Whether the memory store is as fast with a million sessions as with a thousand. */
export async function millionSessions(): Promise<Row[]> {
  const few = await fullStore(FEW, FEW)
  const [many, bytes] = await weighed(() => fullStore(MANY, FEW))
  const [everybody, active, anybody] = [{ same: pick(FEW, FEW) }, { same: pick(FEW, MANY) }, { below: MANY }]
  const times = await interleave(
    {
      readFew: reads(few, everybody),
      readActive: reads(many, active),
      readAny: reads(many, anybody),
      swapFew: swaps(few, everybody),
      swapActive: swaps(many, active),
      swapAny: swaps(many, anybody),
      tokenFew: tokens(few),
      tokenActive: tokens(many),
    },
    ROUNDS,
  )
  const bare = { few: bareMap(few, FEW), many: bareMap(many, MANY) }
  const map = await interleave(
    {
      few: reads(few, everybody, bare.few),
      active: reads(many, active, bare.many),
      any: reads(many, anybody, bare.many),
    },
    ROUNDS,
  )
  return [
    weight(bytes, many.held(0).length),
    compared(`getUserAccessToken, ${FEW} sessions in use`, times.tokenActive, times.tokenFew),
    compared(`read, ${FEW} in use`, times.readActive, times.readFew),
    compared(`swap, ${FEW} in use`, times.swapActive, times.swapFew),
    compared('read, all in use', times.readAny, times.readFew),
    compared('swap, all in use', times.swapAny, times.swapFew),
    reference(`for comparison: a plain \`Map\`, ${FEW} in use`, map.active, map.few),
    reference('for comparison: a plain `Map`, all in use', map.any, map.few),
  ]
}

async function weighed<T>(make: () => Promise<T>): Promise<[made: T, bytes: number]> {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const made = await make()
  collectGarbage()
  return [made, process.memoryUsage().heapUsed - before]
}

function reads(full: FullStore, use: Use, read: Read = (key) => full.store.read(key)): Sample {
  const inputs = async () => {
    if ('same' in use) for (const index of use.same) await read(full.key(index))
    return indexes(use).map((index) => full.key(index))
  }
  return each(inputs, read)
}

function swaps(full: FullStore, use: Use): Sample {
  const expiresAt = inAnHour()
  const inputs = async () => {
    if ('same' in use) for (const index of use.same) await full.store.read(full.key(index))
    return indexes(use).map((index) => ({
      key: full.key(index),
      held: full.held(index),
      next: full.renew(index),
    }))
  }
  return each(inputs, async ({ key, held, next }) => {
    if (!(await full.store.swap(key, held, next, expiresAt)))
      throw new Error('A swap was lost without another writer')
  })
}

/** The library's own way to a token, which reads the store each time. */
function tokens({ auth, cookies }: FullStore): Sample {
  const sessions = cookies.map((cookie) => auth.session(requestWith(cookie)))
  return each(() => shuffled(sessions), tokenOf)
}

function indexes(use: Use): number[] {
  return 'same' in use ? shuffled(use.same) : pick(FEW, use.below)
}

function bareMap(full: FullStore, entries: number): Read {
  const map = new Map<string, object>()
  for (let index = 0; index < entries; index++) map.set(full.key(index), { record: full.held(index) })
  return (key) => Promise.resolve(map.get(key))
}

function weight(bytes: number, recordLength: number): Row {
  const [all, extra] = [bytes / MANY, bytes / MANY - recordLength].map(Math.round)
  const measured = `${all} bytes each, ${extra} without the record`
  return { what: `${MANY} sessions in the memory store`, target: '', measured }
}

function reference(what: string, many: Timing, few: Timing): Row {
  return { what, target: '', measured: compared('', many, few).measured }
}

function compared(what: string, many: Timing, few: Timing): Row {
  const ratio = many.median / few.median
  const measured = `${ratio.toFixed(2)} × (${micros(many.median)} to ${micros(few.median)})`
  return { what, target: `≤ ${TARGET} × of ${FEW}`, measured, met: ratio <= TARGET }
}
