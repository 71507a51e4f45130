import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createFlights, soloFlights } from '../../src/mechanisms/flights.ts'
import { createMetadataCache } from '../../src/mechanisms/protocol/metadata-cache.ts'
import { failureOf } from './bench.ts'

const HOUR_MS = 3_600_000

function createCache(answers: (string | Error)[]) {
  const clock = createManualClock()
  let fetches = 0
  const discover = async () => {
    fetches += 1
    await clock.sleep(10)
    const answer = answers.shift() ?? 'later'
    if (answer instanceof Error) throw answer
    return answer
  }
  const metadata = createMetadataCache(discover, createFlights(), clock)
  const get = async () => {
    const [result] = await Promise.all([metadata(), clock.advance(10)])
    return result
  }
  return { metadata, get, clock, fetches: () => fetches }
}

describe('createMetadataCache', () => {
  it('S8: fetches once, however many ask', async () => {
    const { metadata, clock, fetches } = createCache(['first'])
    const all = Array.from({ length: 100 }, () => metadata())
    await clock.advance(10)
    expect(await Promise.all(all)).toEqual(all.map(() => 'first'))
    expect(fetches()).toBe(1)
  })

  it('S8: keeps what it has for an hour, then serves it while it fetches beside its use', async () => {
    const { get, metadata, clock, fetches } = createCache(['first', 'second'])
    await get()
    await clock.advance(HOUR_MS - 11)
    expect([await metadata(), fetches()]).toEqual(['first', 1])
    await clock.advance(11)
    const waiting = await Promise.all(Array.from({ length: 100 }, () => metadata()))
    expect(new Set(waiting)).toEqual(new Set(['first']))
    await clock.advance(10)
    expect([await metadata(), fetches()]).toEqual(['second', 2])
    await clock.advance(HOUR_MS - 1)
    expect([await metadata(), fetches()]).toEqual(['second', 2])
  })

  it('S8: a failure keeps the old metadata, and the next call tries again', async () => {
    const { get, clock, fetches } = createCache(['first', new Error('down'), new Error('down'), 'second'])
    await get()
    await clock.advance(HOUR_MS)
    expect([await get(), await get(), await get(), await get()]).toEqual([
      'first',
      'first',
      'first',
      'second',
    ])
    expect(fetches()).toBe(4)
  })

  it('S8: fails for all who wait for the first, once, and not for those who come later', async () => {
    const { metadata, get, clock, fetches } = createCache([new Error('down'), 'first'])
    const all = Array.from({ length: 5 }, () => failureOf(metadata()))
    await clock.advance(10)
    expect(await Promise.all(all)).toEqual(all.map(() => new Error('down')))
    expect(fetches()).toBe(1)
    expect([await get(), fetches()]).toEqual(['first', 2])
  })

  it('S8: a failure beside its use is of no concern, where flights are not shared', async () => {
    const clock = createManualClock()
    let down = false
    const discover = () => (down ? Promise.reject(new Error('down')) : Promise.resolve('first'))
    const metadata = createMetadataCache(discover, soloFlights, clock)
    await metadata()
    down = true
    await clock.advance(HOUR_MS)
    expect(await metadata()).toBe('first')
  })

  it('does not count in wall-clock time, which jumps', async () => {
    const { get, metadata, clock, fetches } = createCache(['first'])
    await get()
    clock.jump(86_400)
    await metadata()
    clock.jump(-2 * 86_400)
    await metadata()
    expect(fetches()).toBe(1)
  })

  it('two caches on the same flights do not answer for each other', async () => {
    const clock = createManualClock()
    const flights = createFlights()
    const of = (issuer: string) => createMetadataCache(() => Promise.resolve(issuer), flights, clock)
    const [one, other] = [of('one'), of('other')]
    expect(await Promise.all([one(), other()])).toEqual(['one', 'other'])
  })
})
