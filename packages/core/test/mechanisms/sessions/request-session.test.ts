import { describe, expect, it } from 'vitest'
import { withLease } from '../../../src/model/ledger-transitions.ts'
import { withLedger } from '../../../src/model/session-transitions.ts'
import { createBench, createRecord, failureOf, IDLE, LIFE } from '../bench.ts'
import { advance, cellOf, createBrowser, NAME, use, named } from '../browser.ts'

const NOW = 1_800_000_000
const record = createRecord(NOW)
const another = createRecord(NOW, { claims: { sub: 'another' } })

describe.each(['cookie', 'server'] as const)('a request, %s session', (kind) => {
  it('S22, S26: starts a session that the next request finds', async () => {
    const bench = createBench()
    const browser = createBrowser(bench, kind)
    const session = browser.request()
    expect(await session.find()).toBeUndefined()
    await session.start(named(record))
    const [line, ...others] = await browser.receive(session)
    expect(others).toEqual([])
    expect(line).toMatch(
      new RegExp(`^${NAME}=[^;]+; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=${LIFE}$`),
    )
    const { key } = await cellOf(session)
    expect(bench.events).toEqual([{ type: 'session_started', session: key.slice(0, 8) }])
    expect((await use(browser.request())).record).toEqual({ ...record, id: expect.any(String) })
  })

  it('S26: replaces the session there was, which is refused from then on', async () => {
    const bench = createBench()
    const browser = createBrowser(bench, kind)
    await browser.signIn(record)
    const old = new Map(browser.cookies)
    await browser.signIn(another)
    await browser.kept()
    expect((await use(browser.request())).record.claims).toEqual(another.claims)
    const replay = createBrowser(bench, kind)
    for (const [name, value] of old) replay.cookies.set(name, value)
    const { key, read } = await cellOf(replay.request())
    expect(await read()).toBeUndefined()
    expect((await bench.sealedStore.read(key))?.record.ended).toBe('replaced')
    expect(bench.events.filter(({ type }) => type === 'session_ended')).toEqual([
      { type: 'session_ended', session: key.slice(0, 8), reason: 'replaced' },
    ])
  })

  it('starts a session although the old one cannot be ended, and reports that', async () => {
    let down = false
    const bench = createBench((store) => ({
      remove: (key) => (down ? Promise.reject(new Error('down')) : store.remove(key)),
      read: (key) => (down ? Promise.reject(new Error('down')) : store.read(key)),
    }))
    const browser = createBrowser(bench, kind)
    await browser.signIn(record)
    down = true
    await browser.signIn(another)
    expect(bench.events).toContainEqual(expect.objectContaining({ type: 'store_failed' }))
    down = false
    await bench.clock.advance(1000)
    await browser.kept()
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: 'session_ended', reason: 'replaced' }),
    )
    expect((await use(browser.request())).record.claims).toEqual(another.claims)
  })

  it('S27: ends the session, clears the cookie, and refuses the old cookie', async () => {
    const bench = createBench()
    const browser = createBrowser(bench, kind)
    await browser.signIn(record)
    const [replay, session] = [browser.request(), browser.request()]
    const { key } = await cellOf(session)
    bench.events.length = 0
    const ended = await (await session.end('signed_out'))?.ended
    expect(ended?.record).toEqual({ ...record, id: key })
    await ended?.finish(true)
    expect(await session.find()).toBeUndefined()
    expect(await session.end('signed_out')).toBeUndefined()
    expect(bench.events).toEqual([{ type: 'session_ended', session: key.slice(0, 8), reason: 'signed_out' }])
    await browser.receive(session)
    expect(browser.cookies.size).toBe(0)
    expect(await (await cellOf(replay)).read()).toBeUndefined()
    expect(await (await replay.end('signed_out'))?.ended).toBeUndefined()
    expect(bench.events).toHaveLength(1)
  })

  it('clears the cookie although the store fails, and ends the session when the store responds', async () => {
    let down = false
    const bench = createBench((store) => ({
      swap: (...swap) => (down ? Promise.reject(new Error('down')) : store.swap(...swap)),
    }))
    const browser = createBrowser(bench, kind)
    await browser.signIn(record)
    const session = browser.request()
    const news = await advance(session)
    const [replay, other] = [browser.request(), await cellOf(browser.request())]
    await other.read()
    down = true
    const signOut = await session.end('signed_out')
    expect(signOut?.isConfirmed).toBe(false)
    session.observe(news)
    await session.finishRequest()
    expect(session.takeCookies()).toMatchObject([expect.stringContaining('Max-Age=0')])

    down = false
    await bench.clock.advance(1000)
    expect((await signOut?.ended)?.record).toEqual(news.record)
    expect(await (await cellOf(replay)).read()).toBeUndefined()
    expect(bench.events.filter(({ type }) => type === 'session_ended')).toHaveLength(1)
  })

  it('clears cookies without a session, and only those', async () => {
    const browser = createBrowser(createBench(), kind)
    browser.cookies.set('other', '1')
    expect(await browser.request().end('signed_out')).toBeUndefined()
    browser.cookies.set(NAME, 'garbage').set(`${NAME}.1`, 'x').set(`${NAME}.other`, 'x')
    const session = browser.request()
    await session.end('signed_out')
    await browser.receive(session)
    expect([...browser.cookies.keys()]).toEqual(['other', `${NAME}.other`])
  })

  it('reads only one time for many calls, and reports one event', async () => {
    const bench = createBench()
    const browser = createBrowser(bench, kind)
    browser.cookies.set(NAME, 'garbage')
    const session = browser.request()
    await Promise.all([session.find(), session.find(), session.find()])
    expect(bench.events).toEqual([{ type: 'session_rejected', reason: 'malformed' }])
  })

  it('starts nothing once the headers are sent', async () => {
    const bench = createBench()
    const session = createBrowser(bench, kind).request()
    session.takeCookies()
    expect(await failureOf(session.start(named(record)))).toMatchObject({ code: 'headers_already_sent' })
    expect(bench.events).toEqual([])
  })

  it('starts no refresh whose result the browser could not receive', async () => {
    const session = createBrowser(createBench(), kind).request()
    const check = () => session.beforeRefresh?.()
    expect(check).not.toThrow()
    session.takeCookies()
    if (kind === 'server') expect(check).not.toThrow()
    else expect(check).toThrow(expect.objectContaining({ code: 'headers_already_sent' }))
  })

  it('is touched when a tenth of the idle time has passed, not before, and not when the session was not used', async () => {
    const bench = createBench()
    const browser = createBrowser(bench, kind)
    await browser.signIn(record)
    const touchedAfter = async (seconds: number, used: boolean) => {
      bench.clock.jump(seconds)
      const session = browser.request()
      if (used) await use(session)
      await browser.receive(session)
      return (await use(browser.request())).record.touchedAt - NOW
    }
    expect(await touchedAfter(IDLE * 0.1, true)).toBe(0)
    expect(await touchedAfter(1, false)).toBe(0)
    expect(await touchedAfter(0, true)).toBe(IDLE * 0.1 + 1)
    expect(await touchedAfter(IDLE * 0.1, true)).toBe(IDLE * 0.1 + 1)
  })

  it('is not touched during a refresh, and reports our own failure', async () => {
    const bench = createBench()
    const browser = createBrowser(bench, kind)
    await browser.signIn(record)
    const session = browser.request()
    const seen = await use(session)
    bench.clock.jump(IDLE / 2)
    session.observe({ ...seen, record: withLedger(seen.record, withLease(seen.record.ledger, 'another')) })
    await browser.receive(session)
    expect((await use(session)).record.touchedAt).toBe(NOW)
    session.observe({ ...seen, record: { ...seen.record, claims: { odd: Number.NaN } } })
    expect(await failureOf(session.finishRequest())).toBeInstanceOf(Error)
  })

  it('survives a store that fails when there is nothing left but to tidy up', async () => {
    const bench = createBench((store) => ({
      swap: (...swap) => (bench.clock.now() > NOW ? Promise.reject(new Error('down')) : store.swap(...swap)),
    }))
    const browser = createBrowser(bench, kind)
    await browser.signIn(record)
    bench.clock.jump(IDLE / 2)
    const session = browser.request()
    await use(session)
    expect(await browser.receive(session)).toEqual([])
    expect(bench.events).toContainEqual({ type: 'store_failed', operation: 'swap', cause: expect.anything() })
  })
})
