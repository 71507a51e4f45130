import { describe, expect, it } from 'vitest'
import { createCookieMac } from '../../../src/mechanisms/sessions/cookie-mac.ts'
import { sha256 } from '../../../src/mechanisms/runtime/digest.ts'
import { createServerHandle, createServerStrategy } from '../../../src/mechanisms/sessions/server-sessions.ts'
import { createHandleOptions } from '../../../src/mechanisms/sessions/session-strategy.ts'
import type { SessionHandle } from '../../../src/ports/session-handle.ts'
import { toTombstone, touch } from '../../../src/model/session-record.ts'
import { type Bench, createBench, createRecord, failureOf, IDLE, LIFE, SECRET, won } from '../bench.ts'

const LATER = 1_800_000_001

async function start(bench: Bench, changes = {}) {
  const base = createRecord(bench.clock.now(), changes)
  const kind = createServerStrategy({ ...bench, idleTimeoutSeconds: IDLE })
  return {
    kind,
    ...(await kind.create(
      async (id) => ({ ...base, id }),
      () => undefined,
    )),
  }
}

describe('a session on the server', () => {
  it('S26: has its id in the cookie and the hash of it as its key', async () => {
    const bench = createBench()
    const { handle, cookie, record, kind } = await start(bench)
    const [, id = ''] = /^([\w-]{43})\.\w{8}\.[\w-]{43}$/.exec(cookie) ?? []
    expect(handle.key).toBe(await sha256(id))
    expect(JSON.stringify(await handle.read())).not.toContain(id)
    expect((await handle.read())?.record).toEqual(record)
    expect((await kind.byKey(handle.key)?.read())?.record).toEqual(record)
  })

  it('is not started where its key is taken', async () => {
    const work = start(createBench(() => ({ swap: () => Promise.resolve(false) })))
    expect(await failureOf(work)).toMatchObject({ code: 'store_unavailable' })
  })

  it.each([
    '',
    'x',
    'x'.repeat(42),
    'x'.repeat(44),
    `${'x'.repeat(42)}=`,
    'ü'.repeat(43),
    `${'x'.repeat(43)}\n`,
  ])('takes no id like %j to the store', async (cookie) => {
    const { kind } = await start(createBench())
    expect(await kind.find(cookie)).toEqual({ rejected: 'malformed' })
  })

  it('S26: takes no cookie to the store that this application has not signed', async () => {
    let reads = 0
    const bench = createBench((store) => ({ read: (key) => (reads++, store.read(key)) }))
    const { cookie, handle } = await start(bench)
    const [id = '', keyId = '', code = ''] = cookie.split('.')
    const other = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
    const { kind } = await start(bench)
    const found = (value: string) => createServerStrategy({ ...bench, idleTimeoutSeconds: IDLE }).find(value)
    reads = 0
    for (const forged of [`${other(id)}.${keyId}.${code}`, `${id}.${keyId}.${other(code)}`])
      expect(await kind.find(forged)).toEqual({ rejected: 'tampered' })
    expect(await kind.find(`${id}.${other(keyId)}.${code}`)).toEqual({ rejected: 'unknown_key' })
    for (const part of [id, `${id}.${code}`, `${cookie}.`, `${id}.${keyId}.`, `.${keyId}.${code}`])
      expect(await kind.find(part)).toEqual({ rejected: 'malformed' })
    expect(reads).toBe(0)
    const opened = await found(cookie)
    expect('handle' in opened && opened.handle.key).toBe(handle.key)
  })

  it('S32: accepts cookies that an earlier secret has signed, and signs with the newest', async () => {
    const secrets = ['first', 'second'].map((name) => name.padEnd(32, '.')) as [string, string]
    const before = createBench(undefined, [secrets[0]])
    const { cookie, handle } = await start(before)
    const mac = createCookieMac([secrets[1], secrets[0]], 'server session')
    const after = createServerStrategy({ ...before, mac, idleTimeoutSeconds: IDLE })
    const opened = await after.find(cookie)
    expect('handle' in opened && opened.handle.key).toBe(handle.key)
    const record = createRecord(before.clock.now())
    const next = await after.create(
      async (id) => ({ ...record, id }),
      () => undefined,
    )
    const { kind } = await start(before)
    expect(await kind.find(next.cookie)).toEqual({ rejected: 'unknown_key' })
  })

  it('S21: accepts no cookie that was signed for another client', async () => {
    const bench = createBench()
    const { cookie } = await start(bench)
    const mac = createCookieMac([SECRET], 'server session of another client')
    const { find } = createServerStrategy({ ...bench, mac, idleTimeoutSeconds: IDLE })
    expect(await find(cookie)).toEqual({ rejected: 'unknown_key' })
  })

  it('is lost to the first writer', async () => {
    const bench = createBench()
    const { handle, record } = await start(bench)
    const seen = await handle.read()
    if (!seen) throw new Error('The session is over')
    const next = won(await handle.swap(seen, touch(record, LATER)))
    expect(next).toMatchObject({ record: { touchedAt: LATER } })
    expect(await handle.swap(seen, touch(record, LATER + 1))).toBe('again')
    expect((await handle.read())?.sealed).toBe(next.sealed)
  })

  it('I4: stays removed after its end, also after a pending swap', async () => {
    const bench = createBench()
    const { handle, record } = await start(bench)
    const seen = await handle.read()
    if (!seen) throw new Error('The session is over')
    expect((await handle.end('signed_out'))?.record).toEqual(record)
    expect(await handle.swap(seen, touch(record, LATER))).toBe('again')
    expect(await handle.read()).toBeUndefined()
    expect(await handle.end('signed_out')).toBeUndefined()
  })

  it('can be ended although it cannot be read', async () => {
    const bench = createBench()
    const { handle } = await start(bench)
    const { key } = handle
    await bench.store.remove(key)
    await bench.store.swap(key, undefined, 'garbage', bench.clock.now() + 60)
    expect(await failureOf(handle.read())).toMatchObject({ code: 'store_record_unreadable' })
    expect(await handle.end('signed_out')).toBeUndefined()
    expect(await handle.read()).toBeUndefined()
  })

  it('reports that it cannot be ended: the user must not believe to be signed out', async () => {
    const fail = () => Promise.reject(new Error('down'))
    const { handle } = await start(
      createBench((store) => ({ swap: (...swap) => (swap[1] === undefined ? store.swap(...swap) : fail()) })),
    )
    expect(await failureOf(handle.end('signed_out'))).toMatchObject({ code: 'store_unavailable' })
    const unreadable = await start(createBench(() => ({ read: fail, remove: fail })))
    expect(await failureOf(unreadable.handle.end('signed_out'))).toMatchObject({ code: 'store_unavailable' })
  })

  it('ends with a tombstone, which keeps the reason for 5 minutes', async () => {
    const bench = createBench()
    const { handle, record } = await start(bench)
    const seen = await handle.read()
    if (!seen) throw new Error('The session is over')
    expect(await handle.swap(seen, toTombstone(record, 'grant_rejected'))).not.toBe('again')
    expect(await handle.read()).toBeUndefined()
    await bench.clock.advance(299_999)
    expect((await bench.sealedStore.read(handle.key))?.record.ended).toBe('grant_rejected')
    await bench.clock.advance(1)
    expect(await bench.store.read(handle.key)).toBeUndefined()
  })

  it('is over when it was not used, and at its end; the store keeps it no longer', async () => {
    const bench = createBench()
    const { handle } = await start(bench)
    await bench.clock.advance(IDLE * 1000 - 1)
    const seen = await handle.read()
    if (!seen) throw new Error('The session is over')
    await handle.swap(seen, touch(seen.record, bench.clock.now()))
    await bench.clock.advance(IDLE * 1000 - 1)
    expect(await handle.read()).toBeDefined()
    await bench.clock.advance(1)
    expect(await bench.store.read(handle.key)).toBeUndefined()

    const active = await start(bench, { id: 'active', touchedAt: bench.clock.now() + LIFE })
    await bench.clock.advance(LIFE * 1000 - 1)
    expect(await active.handle.read()).toBeDefined()
    await bench.clock.advance(1)
    expect(await bench.store.read(active.handle.key)).toBeUndefined()
  })

  it('is over by our clock, even where the store is late to forget', async () => {
    const bench = createBench((store) => ({
      swap: (key, expected, record) => store.swap(key, expected, record, 9e9),
    }))
    const { record, handle } = await start(bench)
    await bench.clock.advance(IDLE * 1000)
    expect(
      await createServerHandle(record.id, createHandleOptions({ ...bench, idleTimeoutSeconds: IDLE })).read(),
    ).toBeUndefined()
    expect(await bench.store.read(handle.key)).toBeDefined()
    expect((await handle.readIgnoringExpiry())?.record).toEqual(record)
    await handle.end('signed_out')
    expect(await handle.readIgnoringExpiry()).toBeUndefined()
  })
})

describe('a session that is missing from the store', () => {
  const lost = { type: 'session_ended', reason: 'lost' }

  it.each<[string, (handle: SessionHandle) => Promise<unknown>]>([
    ['a read', (handle) => handle.read()],
    ['a sign-out', (handle) => handle.end('signed_out')],
  ])('D4: has ended if this process has seen it, which %s reports once', async (_how, look) => {
    const bench = createBench()
    const { handle } = await start(bench)
    await handle.read()
    await bench.store.remove(handle.key)
    for (let i = 0; i < 3; i++) expect(await look(handle)).toBeUndefined()
    expect(bench.events).toMatchObject([lost])
  })

  it('is not reported as lost long after it was seen: another process may have ended it', async () => {
    const bench = createBench()
    const { handle } = await start(bench)
    await handle.read()
    await bench.clock.advance(300_000)
    await bench.store.remove(handle.key)
    expect(await handle.read()).toBeUndefined()
    expect(bench.events).toEqual([{ type: 'session_rejected', reason: 'not_found' }])
  })

  it.each(['another process', 'a refresh'])('is not reported again after %s has ended it', async (who) => {
    const bench = createBench()
    const { handle, record } = await start(bench)
    const seen = await handle.read()
    const other = createServerStrategy({ ...bench, idleTimeoutSeconds: IDLE, emit: () => undefined })
    if (who === 'another process') await other.byKey(handle.key)?.end('signed_out')
    // The refresher emits the event itself.
    else if (seen) await handle.swap(seen, toTombstone(record, 'grant_rejected'))
    await handle.read()
    await bench.clock.advance(IDLE * 1000)
    expect(await handle.read()).toBeUndefined()
    expect(bench.events.filter(({ type }) => type === 'session_ended')).toEqual([])
  })

  it('is idle, not lost, for a process whose clock is behind', async () => {
    const bench = createBench()
    const { record } = await start(bench)
    const clock = { ...bench.clock, now: () => bench.clock.now() - 300 }
    const behind = createServerStrategy({ ...bench, clock, idleTimeoutSeconds: IDLE }).byKey(record.id)
    await behind?.read()
    await bench.clock.advance(IDLE * 1000)
    expect(await behind?.read()).toBeUndefined()
    expect(bench.events).toMatchObject([{ type: 'session_ended', reason: 'idle' }])
  })

  it('is only a rejected cookie otherwise, reported once a minute and without its content', async () => {
    const bench = createBench()
    const { kind } = await start(bench)
    for (let i = 0; i < 100; i++) {
      const found = await kind.find(await bench.mac.sign(`canary${i}`.padEnd(43, 'x')))
      if ('handle' in found) expect(await found.handle.read()).toBeUndefined()
    }
    const rejected = { type: 'session_rejected', reason: 'not_found' }
    expect(bench.events).toEqual([rejected])
    await bench.clock.advance(60_000)
    await kind.byKey('another')?.read()
    expect(bench.events).toEqual([rejected, rejected])
  })
})
