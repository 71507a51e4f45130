import { describe, expect, it } from 'vitest'
import { createCookieHandle } from '../../../src/mechanisms/sessions/cookie-sessions.ts'
import { fingerprint } from '../../../src/mechanisms/runtime/digest.ts'
import { rememberWrites } from '../../../src/mechanisms/sessions/remember-writes.ts'
import type { SealedStore } from '../../../src/mechanisms/sessions/sealed-store.ts'
import { createHandleOptions } from '../../../src/mechanisms/sessions/session-strategy.ts'
import { withGrant } from '../../../src/model/ledger-transitions.ts'
import { withLedger } from '../../../src/model/session-transitions.ts'
import { toTombstone, type SessionRecord, touch } from '../../../src/model/session-record.ts'
import type { EvertokenEvent } from '../../../src/vocabulary/index.ts'
import { createBench, createRecord, IDLE, LIFE, won } from '../bench.ts'

function createWorld() {
  const { sealedStore, store, clock } = createBench()
  const events: EvertokenEvent[] = []
  const process: SealedStore = rememberWrites(sealedStore, clock, (event) => void events.push(event))
  const first = createRecord(clock.now())
  const key = first.id
  const expiresAt = clock.now() + LIFE
  /** Writes the next record over the one in the store. */
  async function write(next: SessionRecord, through = process): Promise<string> {
    const held = await sealedStore.read(key)
    return won(await through.swap(key, held?.sealed, next, expiresAt)).sealed
  }
  /** A replica that lacks the latest writes takes over. */
  async function goBackTo(sealed: string | undefined): Promise<void> {
    await store.remove(key)
    if (sealed !== undefined) await store.swap(key, undefined, sealed, expiresAt)
  }
  const reported = { type: 'store_went_back', session: fingerprint(key) }
  return { sealedStore, process, store, clock, events, first, key, write, goBackTo, reported }
}

function refreshed(record: SessionRecord, refreshToken = 'rt1'): SessionRecord {
  const attempt = record.ledger.attempt + 1
  const response = { grant: { refreshToken }, key: '', attempt }
  return withLedger(record, withGrant({ ...record.ledger, attempt }, response, { wall: record.touchedAt }))
}

describe('rememberWrites', () => {
  it('writes the later refresh token again after the store went back, and reports it once', async () => {
    const { process, sealedStore, events, first, key, write, goBackTo, reported } = createWorld()
    const before = await write(first)
    await write(refreshed(first))
    await goBackTo(before)
    const seen = await Promise.all([process.read(key), process.read(key)])
    for (const each of [...seen, await process.read(key), await sealedStore.read(key)])
      expect(each?.record).toMatchObject({ ledger: { refreshToken: 'rt1' } })
    expect(events).toEqual([reported])
  })

  it('reports the next failover as well', async () => {
    const { process, events, first, key, write, goBackTo, reported } = createWorld()
    const before = await write(first)
    await write(refreshed(first))
    for (let i = 0; i < 2; i++) {
      await goBackTo(before)
      expect((await process.read(key))?.record.ledger.refreshToken).toBe('rt1')
    }
    expect(events).toEqual([reported, reported])
  })

  it('ends a session again whose end was lost, whether or not the store still holds it', async () => {
    for (const isHeld of [true, false]) {
      const { process, events, first, key, write, goBackTo, reported } = createWorld()
      const before = await write(first)
      await write(toTombstone(first, 'signed_out'))
      await goBackTo(isHeld ? before : undefined)
      expect((await process.read(key))?.record).toMatchObject({ ended: 'signed_out' })
      expect(events).toEqual([reported])
    }
  })

  it('lets the store forget an end once its time is over', async () => {
    const { process, events, clock, first, key, write, goBackTo } = createWorld()
    await write(first)
    await write(toTombstone(first, 'signed_out'))
    await goBackTo(undefined)
    await clock.advance((LIFE - 30) * 1000)
    expect(await process.read(key)).toBeUndefined()
    expect(events).toEqual([])
  })

  it('never brings back a session that another process has ended or removed since', async () => {
    const { process, sealedStore, first, key, write, goBackTo } = createWorld()
    const before = await write(first)
    await write(refreshed(first))
    await goBackTo(before)
    await write(toTombstone(first, 'signed_out'), sealedStore)
    expect((await process.read(key))?.record.ended).toBe('signed_out')
    await goBackTo(undefined)
    expect(await process.read(key)).toBeUndefined()
  })

  it('never brings back a session that this process has removed', async () => {
    const { process, events, first, key, write, goBackTo } = createWorld()
    const before = await write(first)
    await write(refreshed(first))
    await process.remove(key)
    await goBackTo(before)
    expect((await process.read(key))?.record.ledger.refreshToken).toBe('rt')
    expect(events).toEqual([])
  })

  it('keeps what another process has refreshed since the store went back', async () => {
    const { process, sealedStore, first, key, write, goBackTo, events } = createWorld()
    const before = await write(first)
    await write(touch(refreshed(first), first.touchedAt))
    await goBackTo(before)
    await write(refreshed(first, 'rt-other'), sealedStore)
    expect((await process.read(key))?.record.ledger.refreshToken).toBe('rt-other')
    expect(events).toHaveLength(1)
  })

  it('only reports when no refresh token was lost', async () => {
    const { process, sealedStore, events, first, key, write, goBackTo, reported } = createWorld()
    const before = await write(first)
    await write(touch(first, first.touchedAt + 1))
    await goBackTo(before)
    for (let i = 0; i < 3; i++) expect((await process.read(key))?.sealed).toBe(before)
    expect((await sealedStore.read(key))?.sealed).toBe(before)
    expect(events).toEqual([reported])
  })

  it('does not blame the store for a read that began before the write', async () => {
    const { sealedStore, clock, first, key } = createWorld()
    const events: EvertokenEvent[] = []
    let release: (() => void) | undefined
    const slow: SealedStore = {
      ...sealedStore,
      async read(of) {
        const held = await sealedStore.read(of)
        await new Promise<void>((resolve) => (release = resolve))
        return held
      },
    }
    const process = rememberWrites(slow, clock, (event) => void events.push(event))
    const pair = won(await process.swap(key, undefined, first, clock.now() + LIFE))
    const reading = process.read(key)
    while (!release) await Promise.resolve()
    await process.swap(key, pair.sealed, refreshed(first), clock.now() + LIFE)
    release()
    expect((await reading)?.record.ledger.refreshToken).toBe('rt')
    expect(events).toEqual([])
  })

  it('keeps the later of two writes whose results arrive in the wrong order', async () => {
    const { sealedStore, clock, first, key, goBackTo } = createWorld()
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const slow: SealedStore = {
      ...sealedStore,
      async swap(...call) {
        const pair = await sealedStore.swap(...call)
        if (call[1] === undefined) await held
        return pair
      },
    }
    const process = rememberWrites(slow, clock, () => undefined)
    const creating = process.swap(key, undefined, first, clock.now() + LIFE)
    await expect.poll(() => sealedStore.read(key)).toBeDefined()
    const before = (await sealedStore.read(key))?.sealed
    await process.swap(key, before, refreshed(first), clock.now() + LIFE)
    release?.()
    await creating
    await goBackTo(before)
    expect((await process.read(key))?.record.ledger.refreshToken).toBe('rt1')
  })

  it('reads the store as often as without it', async () => {
    let reads = 0
    const { sealedStore, clock, first, key, write } = createWorld()
    const counting: SealedStore = { ...sealedStore, read: (of) => ((reads += 1), sealedStore.read(of)) }
    const process = rememberWrites(counting, clock, () => undefined)
    await write(first, process)
    await write(refreshed(first), process)
    for (let i = 0; i < 5; i++) await process.read(key)
    expect(reads).toBe(5)
  })
})

describe('a cookie that is newer than the store', () => {
  it('wins, and is reported once for each generation', async () => {
    const { process, sealedStore, clock, events, first, write, reported } = createWorld()
    await write(first, sealedStore)
    const carried = { ...first, generation: first.generation + 1 }
    const cell = createCookieHandle(
      { key: carried.id, carried, allStored: false },
      createHandleOptions({ sealedStore: process, clock, idleTimeoutSeconds: IDLE }),
    )
    for (let i = 0; i < 3; i++) expect((await cell.read())?.record).toBe(carried)
    expect(events).toEqual([reported])
  })

  it('is not reported when the store has nothing, or the session has ended', async () => {
    const { process, sealedStore, clock, events, first, write } = createWorld()
    const cell = createCookieHandle(
      { key: first.id, carried: { ...first, generation: 9 }, allStored: false },
      createHandleOptions({ sealedStore: process, clock, idleTimeoutSeconds: IDLE }),
    )
    expect((await cell.read())?.record.generation).toBe(9)
    await write(toTombstone(first, 'signed_out'), sealedStore)
    expect(await cell.read()).toBeUndefined()
    expect(events).toEqual([])
  })
})
