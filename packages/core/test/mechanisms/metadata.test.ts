import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createFlights, soloFlights } from '../../src/mechanisms/runtime/flights.ts'
import { createMetadataCache } from '../../src/mechanisms/protocol/metadata-cache.ts'
import { TryLaterError } from '../../src/vocabulary/index.ts'
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
  const cache = createMetadataCache({ discover, flights: createFlights(), clock, random: () => 0 })
  const metadata = cache.get
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

  it('S8: keeps the metadata for 1 hour, then serves it while it fetches in the background', async () => {
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

  it('S8: a failure keeps the old metadata, and the first call after the pause tries again', async () => {
    const { get, clock, fetches } = createCache(['first', new Error('down'), new Error('down'), 'second'])
    await get()
    await clock.advance(HOUR_MS)
    expect([await get(), await get(), fetches()]).toEqual(['first', 'first', 2])
    await clock.advance(1000)
    expect([await get(), await get(), fetches()]).toEqual(['first', 'first', 3])
    await clock.advance(1000)
    expect([await get(), fetches()]).toEqual(['first', 3])
    await clock.advance(1000)
    expect([await get(), await get(), fetches()]).toEqual(['first', 'second', 4])
  })

  it('S8: fails for all callers of the first request and of the pause, with one request', async () => {
    const { metadata, get, clock, fetches } = createCache([new Error('down'), 'first'])
    const all = Array.from({ length: 5 }, () => failureOf(metadata()))
    await clock.advance(10)
    expect(await Promise.all(all)).toEqual(all.map(() => new Error('down')))
    await clock.advance(989)
    expect(await failureOf(metadata())).toEqual(new Error('down'))
    expect(fetches()).toBe(1)
    await clock.advance(11)
    expect([await get(), fetches()]).toEqual(['first', 2])
  })

  it('S8: the pause doubles from 1 s to 10 s at most, and starts again after a success', async () => {
    const down = () => new Error('down')
    const { metadata, clock, fetches } = createCache([
      ...Array.from({ length: 6 }, down),
      'first',
      ...Array.from({ length: 2 }, down),
    ])
    const pauses: number[] = []
    let [failedAt, seen] = [0, 0]
    while (fetches() < 7) {
      metadata().catch(() => undefined)
      await clock.advance(100)
      if (fetches() > seen && seen > 0) pauses.push(Math.round((clock.elapsed() - failedAt) / 1000))
      if (fetches() > seen) failedAt = clock.elapsed()
      seen = fetches()
    }
    expect(pauses).toEqual([1, 2, 4, 8, 10, 10])
    expect(await metadata()).toBe('first')
    await clock.advance(HOUR_MS)
    for (let i = 0; i < 10; i++) {
      await metadata()
      await clock.advance(100)
    }
    expect(fetches()).toBe(8)
    await clock.advance(300)
    await metadata()
    await clock.advance(100)
    expect(fetches()).toBe(9)
  })

  it('S8: reports to a caller within the pause when to try again', async () => {
    const options = { retryAfterSeconds: 1 }
    const error = new TryLaterError('authorization_server_unavailable', 'It is down', options)
    const { metadata, clock } = createCache([error, error, error])
    for (const pause of [1000, 2000]) {
      metadata().catch(() => undefined)
      await clock.advance(pause + 10)
    }
    const first = failureOf(metadata())
    await clock.advance(10)
    expect(await first).toBe(error)
    await clock.advance(500)
    const later = await failureOf(metadata())
    expect(later).toBeInstanceOf(TryLaterError)
    expect(later).toMatchObject({ code: error.code, message: error.message, retryAfterSeconds: 4 })
  })

  it('S8: a failure in the background has no effect, if flights are not shared', async () => {
    const clock = createManualClock()
    let down = false
    const discover = () => (down ? Promise.reject(new Error('down')) : Promise.resolve('first'))
    const { get: metadata } = createMetadataCache({ discover, flights: soloFlights, clock, random: () => 0 })
    await metadata()
    down = true
    await clock.advance(HOUR_MS)
    expect(await metadata()).toBe('first')
  })

  it('S8: a fetch in the background is kept alive', async () => {
    const { get, metadata, clock } = createCache(['first', new Error('down')])
    await get()
    await clock.advance(HOUR_MS)
    const kept: Promise<unknown>[] = []
    await metadata((work) => void kept.push(work))
    await clock.advance(10)
    expect(await Promise.all(kept)).toEqual([undefined])
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
    const of = (issuer: string) =>
      createMetadataCache({ discover: () => Promise.resolve(issuer), flights, clock, random: () => 0 }).get
    const [one, other] = [of('one'), of('other')]
    expect(await Promise.all([one(), other()])).toEqual(['one', 'other'])
  })
})
