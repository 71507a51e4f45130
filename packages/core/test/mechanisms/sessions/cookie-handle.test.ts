import { describe, expect, it } from 'vitest'
import { createCookieHandle } from '../../../src/mechanisms/sessions/cookie-sessions.ts'
import { createHandleOptions } from '../../../src/mechanisms/sessions/session-strategy.ts'
import type { SessionHandle, Snapshot } from '../../../src/ports/session-handle.ts'
import { withCurrentBrowser, type SessionRecord, touch } from '../../../src/model/session-record.ts'
import { type Bench, createBench, createRecord, failureOf, IDLE, LIFE, won } from '../bench.ts'

const LATER = 1_800_000_001

/** The session as a browser shows it that holds a cookie with this record. */
async function shown({ sealedStore, clock }: Bench, record: SessionRecord): Promise<SessionHandle> {
  return createCookieHandle(
    { key: record.id, carried: record, allStored: false },
    createHandleOptions({ sealedStore, clock, idleTimeoutSeconds: IDLE }),
  )
}

async function reading(handle: SessionHandle): Promise<Snapshot> {
  const snapshot = await handle.read()
  if (!snapshot) throw new Error('The session is over')
  return snapshot
}

async function swapped(
  handle: SessionHandle,
  to: (record: SessionRecord) => SessionRecord,
): Promise<Snapshot> {
  const from = await reading(handle)
  return won(await handle.swap(from, to(from.record)))
}

describe('a session in a cookie', () => {
  it('is the record of the cookie as long as it has no successor', async () => {
    const bench = createBench()
    const record = createRecord(bench.clock.now())
    const handle = await shown(bench, record)
    expect(await handle.read()).toMatchObject({ record, sealed: undefined })
    expect(await bench.store.read(handle.key)).toBeUndefined()
  })

  it('has a successor after a swap, which wins over every older cookie and an equal one', async () => {
    const bench = createBench()
    const old = createRecord(bench.clock.now())
    const next = await swapped(await shown(bench, old), (record) => touch(record, bench.clock.now()))
    for (const cookie of [old, next.record]) {
      const seen = await reading(await shown(bench, cookie))
      expect(seen).toEqual({ record: next.record, sealed: next.sealed })
    }
  })

  it('is lost to the first writer: parallel requests show the same old cookie', async () => {
    const bench = createBench()
    const record = createRecord(bench.clock.now())
    const [one, other] = [await shown(bench, record), await shown(bench, record)]
    const [seen, seenToo] = [await reading(one), await reading(other)]
    expect(await one.swap(seen, touch(record, LATER + 1))).not.toBe('again')
    expect(await other.swap(seenToo, touch(record, LATER + 2))).toBe('again')
    expect((await reading(other)).record.touchedAt).toBe(LATER + 1)
  })

  it('is the record of the cookie if that is newer than the stored one, and can still be swapped', async () => {
    const bench = createBench()
    const record = createRecord(bench.clock.now())
    const stale = await swapped(await shown(bench, record), (old) => touch(old, bench.clock.now()))
    const newer = await shown(bench, { ...record, generation: 9 })
    expect(await reading(newer)).toMatchObject({ record: { generation: 9 }, sealed: stale.sealed })
    const next = await swapped(newer, (seen) => touch(seen, bench.clock.now()))
    expect(next.record.generation).toBe(10)
    expect((await reading(await shown(bench, record))).record.generation).toBe(10)
  })

  it('S27: is refused after it ended, with every cookie there ever was or will be', async () => {
    const bench = createBench()
    const record = createRecord(bench.clock.now())
    const handle = await shown(bench, record)
    const first = await handle.end('signed_out')
    expect(first?.record).toEqual(record)
    await first?.finish(true)
    for (const generation of [0, 1, 2, 3, 1000]) {
      const cookie = await shown(bench, { ...record, generation })
      expect(await cookie.read()).toBeUndefined()
      expect(await cookie.end('signed_out')).toBeUndefined()
    }
  })

  it('S27: is refused for as long as its seal would live, and keeps no token for that', async () => {
    const bench = createBench()
    const record = createRecord(bench.clock.now())
    const handle = await shown(bench, record)
    await handle.end('signed_out')
    const note = (await bench.sealedStore.read(handle.key))?.record
    expect(note).toMatchObject({ ended: 'signed_out', claims: {}, ledger: { tokens: {} } })
    expect(note?.ledger.refreshToken).toBeUndefined()
    await bench.clock.advance((LIFE - 1) * 1000)
    const used = { ...record, touchedAt: bench.clock.now() }
    expect(await (await shown(bench, used)).read()).toBeUndefined()
    await bench.clock.advance(1000)
    expect(await bench.store.read(handle.key)).toBeUndefined()
    expect(await (await shown(bench, used)).read()).toBeUndefined()
  })

  it('S27: stays ended through a pending swap', async () => {
    const bench = createBench()
    const record = createRecord(bench.clock.now())
    for (const successor of [false, true]) {
      const handle = await shown(bench, { ...record, id: `${successor}` })
      if (successor) await swapped(handle, (old) => touch(old, bench.clock.now()))
      const before = await reading(handle)
      await handle.end('signed_out')
      expect(await handle.swap(before, touch(before.record, bench.clock.now()))).toBe('again')
      expect(await handle.read()).toBeUndefined()
    }
  })

  it('ends against faster writers, and returns their last record', async () => {
    const record = createRecord(1_800_000_000)
    let rivals = 3
    const bench = createBench((store) => ({
      async swap(key, expected, sealed, expiresAt) {
        if (rivals-- > 0) {
          const rival = await bench.sealedStore.seal(touch(record, LATER + rivals))
          await store.swap(key, expected, rival.sealed, expiresAt)
        }
        return store.swap(key, expected, sealed, expiresAt)
      },
    }))
    const handle = await shown(bench, record)
    expect((await handle.end('signed_out'))?.record.touchedAt).toBe(LATER)
    expect(await handle.read()).toBeUndefined()
  })

  it('reports that it cannot be ended: the user must not believe to be signed out', async () => {
    const never = createBench(() => ({ swap: () => Promise.resolve(false) }))
    const down = createBench(() => ({ swap: () => Promise.reject(new Error('down')) }))
    for (const bench of [never, down]) {
      const handle = await shown(bench, createRecord(bench.clock.now()))
      expect(await failureOf(handle.end('signed_out'))).toMatchObject({ code: 'store_unavailable' })
    }
  })

  it('is not a session if the store fails: it may have ended', async () => {
    const down = createBench(() => ({ read: () => Promise.reject(new Error('down')) }))
    const handle = await shown(down, createRecord(down.clock.now()))
    expect(await failureOf(handle.read())).toMatchObject({ code: 'store_unavailable' })
  })

  it("is not read from another session's record", async () => {
    const bench = createBench()
    const handle = await shown(bench, createRecord(bench.clock.now()))
    const other = await bench.sealedStore.seal(
      createRecord(bench.clock.now(), { id: 'other', generation: 9 }),
    )
    await bench.store.swap(handle.key, undefined, other.sealed, bench.clock.now() + 60)
    expect(await failureOf(handle.read())).toMatchObject({ code: 'store_record_unreadable' })
  })

  it('is over when it was not used, and at its end however much it was', async () => {
    const bench = createBench()
    const record = createRecord(bench.clock.now())
    const handle = await shown(bench, record)
    await bench.clock.advance((IDLE - 1) * 1000)
    await swapped(handle, (old) => touch(old, bench.clock.now()))
    await bench.clock.advance((IDLE - 1) * 1000)
    expect(await handle.read()).toBeDefined()
    await bench.clock.advance(1000)
    expect(await handle.read()).toBeUndefined()
    const used = await shown(bench, { ...record, id: 'used', touchedAt: bench.clock.now() + LIFE })
    await bench.clock.advance(LIFE * 1000)
    expect(await used.read()).toBeUndefined()
  })

  it('is kept when its time is over by a clock that may be wrong, and not when it has ended', async () => {
    const bench = createBench()
    const record = createRecord(bench.clock.now())
    const handle = await shown(bench, record)
    bench.clock.jump(LIFE)
    expect(await handle.read()).toBeUndefined()
    expect((await handle.readIgnoringExpiry())?.record).toEqual(record)
    bench.clock.jump(-LIFE)
    await handle.end('signed_out')
    expect(await handle.readIgnoringExpiry()).toBeUndefined()
  })

  it.each([
    ['lasts as long as the session', (record: SessionRecord) => touch(record, record.touchedAt), IDLE],
    ['expires early once the browser has caught up', withCurrentBrowser, 900],
  ])('its successor %s', async (_what, change, seconds) => {
    const bench = createBench()
    const handle = await shown(bench, createRecord(bench.clock.now()))
    await swapped(handle, change)
    await bench.clock.advance(seconds * 1000 - 1)
    expect(await bench.store.read(handle.key)).toBeDefined()
    await bench.clock.advance(1)
    expect(await bench.store.read(handle.key)).toBeUndefined()
  })

  it('counts that time by the latest clock it knows of', async () => {
    for (const [ahead, seconds] of [
      [100, 1000],
      [-100, 900],
    ] as const) {
      const bench = createBench()
      const touchedAt = bench.clock.now() + ahead
      const handle = await shown(bench, createRecord(bench.clock.now(), { touchedAt }))
      await swapped(handle, withCurrentBrowser)
      await bench.clock.advance(seconds * 1000 - 1)
      expect(await bench.store.read(handle.key)).toBeDefined()
      await bench.clock.advance(1)
      expect(await bench.store.read(handle.key)).toBeUndefined()
    }
  })

  it('a successor that the browser has is not kept beyond the end of the session', async () => {
    const bench = createBench()
    const handle = await shown(bench, createRecord(bench.clock.now(), { expiresAt: bench.clock.now() + 100 }))
    await swapped(handle, withCurrentBrowser)
    await bench.clock.advance(100_000)
    expect(await bench.store.read(handle.key)).toBeUndefined()
  })
})
