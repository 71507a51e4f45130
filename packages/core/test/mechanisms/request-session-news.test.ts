import { describe, expect, it } from 'vitest'
import { withLease } from '../../src/model/ledger-transitions.ts'
import { withLedger } from '../../src/model/session-transitions.ts'
import { createBench, createRecord, LIFE } from './bench.ts'
import { advance, cellOf, createBrowser, NAME, use, named } from './browser.ts'
import { createGate } from '../../../../test/integration/gate.ts'

const NOW = 1_800_000_000
const record = createRecord(NOW)
const another = createRecord(NOW, { claims: { sub: 'another' } })

describe('a request with its session in the cookie', () => {
  it('sends only a newer generation to the browser', async () => {
    const bench = createBench()
    const browser = createBrowser(bench)
    await browser.signIn(record)
    const [session, late] = [browser.request(), browser.request()]
    const old = await use(session)
    expect(session.takeCookies()).toEqual([])
    session.observe(await advance(session))
    session.observe(old)
    const [line] = await browser.receive(session)
    expect(line).toContain(`; Max-Age=${LIFE}`)
    expect(await browser.receive(session)).toEqual([line])
    expect((await use(browser.request())).record.generation).toBe(2)
    await use(late)
    expect(await browser.receive(late)).toHaveLength(1)
  })

  it('does not send news that are 30 seconds old: the response may overtake a newer one', async () => {
    for (const [ms, lines] of [
      [30_000, 1],
      [30_001, 0],
    ] as const) {
      const bench = createBench()
      const browser = createBrowser(bench)
      await browser.signIn(record)
      const session = browser.request()
      await bench.clock.advance(10_000)
      session.observe(await advance(session))
      await bench.clock.advance(ms)
      expect(await browser.receive(session)).toHaveLength(lines)
    }
  })

  it('waits with the news while another process refreshes: there will be more', async () => {
    const browser = createBrowser(createBench())
    await browser.signIn(record)
    const session = browser.request()
    const next = await advance(session)
    session.observe({ ...next, record: withLedger(next.record, withLease(next.record.ledger, 'another')) })
    expect(await browser.receive(session)).toEqual([])
    session.observe(next)
    expect(await browser.receive(session)).toHaveLength(1)
  })

  it('S26: later news of the old session do not replace the session just started', async () => {
    const bench = createBench()
    const browser = createBrowser(bench)
    await browser.signIn(record)
    const session = browser.request()
    const refreshed = await advance(session, { generation: 9 })
    session.observe(refreshed)
    await session.start(named(another))
    session.observe(refreshed)
    await browser.receive(session)
    expect((await use(browser.request())).record.claims).toEqual(another.claims)
  })

  it('sends the newest generation of a session that it has started, for any age of the previous one', async () => {
    const bench = createBench()
    const browser = createBrowser(bench)
    await browser.signIn({ ...record, generation: 50 })
    const session = browser.request()
    await session.start(named(another))
    session.observe(await advance(session))
    await browser.receive(session)
    const carried = await bench.cookies.open(browser.cookies.get(NAME) ?? '')
    expect(carried).toMatchObject({ record: { claims: another.claims, generation: 2 } })
  })

  it('is removed from the store as soon as the browser has caught up', async () => {
    const bench = createBench()
    const browser = createBrowser(bench)
    await browser.signIn(record)
    const session = browser.request()
    session.observe(await advance(session))
    await browser.receive(session)
    const { key } = await cellOf(session)
    const held = async () => (await bench.sealedStore.read(key))?.record.browserIsCurrent
    expect(await held()).toBeUndefined()
    const visit = async (seconds: number) => {
      await bench.clock.advance(seconds * 1000)
      const next = browser.request()
      await use(next)
      expect(await browser.receive(next)).toEqual([])
      await browser.kept()
      return held()
    }
    expect([await visit(120), await visit(1)]).toEqual([undefined, true])
    const before = await bench.store.read(key)
    await visit(1)
    expect(await bench.store.read(key)).toBe(before)
    await bench.clock.advance(900_000)
    expect(await bench.store.read(key)).toBeUndefined()
    expect((await use(browser.request())).record.generation).toBe(2)
  })

  it('continues from the store when it has outgrown its cookie, with an event', async () => {
    const bench = createBench()
    const browser = createBrowser(bench)
    await browser.signIn(record)
    const session = browser.request()
    session.observe(await advance(session, { claims: { sub: 'u', about: 'x'.repeat(20_000) } }))
    bench.events.length = 0
    expect(await browser.receive(session)).toEqual([])
    const { key } = await cellOf(session)
    expect(bench.events).toEqual([{ type: 'cookie_too_large', session: key.slice(0, 8) }])
    expect((await use(browser.request())).record.generation).toBe(2)
  })

  it.each(['end', 'start'] as const)(
    'omits its news if it %ss a session in the same request',
    async (what) => {
      const bench = createBench()
      const tab = createBrowser(bench)
      await tab.signIn(createRecord(bench.clock.now()))
      await bench.clock.advance(600_000)
      const request = tab.request()
      await use(request)
      // The session is due to be touched, which takes until the other has finished.
      const [touching, gate] = [createGate(), createGate()]
      const { swap } = bench.store
      bench.store.swap = async (...args) => {
        bench.store.swap = swap
        touching.open()
        await gate.opened
        return swap(...args)
      }
      const settling = request.finishRequest()
      await touching.opened
      if (what === 'end') await request.end('signed_out')
      else await request.start(named(another))
      gate.open()
      await settling

      const lines = request.takeCookies()
      expect(lines).toHaveLength(1)
      expect(lines[0]?.includes('Max-Age=0')).toBe(what === 'end')
    },
  )

  it('does not restore the cookie when a refresh ends after the sign-out', async () => {
    const bench = createBench()
    const tab = createBrowser(bench)
    await tab.signIn(record)
    const request = tab.request()
    const news = await advance(request)
    request.observe(news)
    const [reading, gate] = [createGate(), createGate()]
    const { read } = bench.store
    bench.store.read = async (key) => {
      bench.store.read = read
      const held = await read(key)
      reading.open()
      await gate.opened
      return held
    }
    const settling = request.finishRequest()
    await reading.opened
    await request.end('signed_out')
    request.observe(news)
    gate.open()
    await settling
    expect(request.takeCookies()).toEqual([expect.stringContaining('Max-Age=0')])
  })

  it.each(['ended', 'replaced'] as const)(
    'S27: sets no cookie of a session that another request has %s while the cookie was sealed',
    async (what) => {
      const bench = createBench()
      const tab = createBrowser(bench)
      await tab.signIn(record)
      const [sealing, gate] = [createGate(), createGate()]
      const { seal } = bench.cookies
      const held = {
        ...bench.cookies,
        async seal(next: typeof record) {
          sealing.open()
          await gate.opened
          return seal(next)
        },
      }
      const slow = createBrowser({ ...bench, cookies: held }).request(tab.cookies)
      slow.observe(await advance(slow))
      const settling = slow.finishRequest()
      await sealing.opened
      const other = tab.request()
      if (what === 'ended') await other.end('signed_out')
      else await other.start(named(another))
      await tab.receive(other)
      gate.open()
      await settling
      expect(slow.takeCookies()).toEqual([])
    },
  )

  it('S27: sets no cookie of a session that has ended while the check of another response ran', async () => {
    const bench = createBench()
    const tab = createBrowser(bench)
    await tab.signIn(record)
    const [early, late] = [tab.request(), tab.request()]
    const news = await advance(early)
    await use(late)
    early.observe(news)
    const [reading, gate] = [createGate(), createGate()]
    const { read } = bench.store
    bench.store.read = async (key) => {
      bench.store.read = read
      const held = await read(key)
      reading.open()
      await gate.opened
      return held
    }
    const settled = [early.finishRequest()]
    await reading.opened
    await (
      await tab.request().end('signed_out')
    )?.ended
    settled.push(late.finishRequest())
    gate.open()
    await Promise.all(settled)
    // The first check was complete before the sign-out, so its response was sent before it.
    expect(early.takeCookies()).toHaveLength(1)
    expect(late.takeCookies()).toEqual([])
  })

  it('S27: sets no cookie of a session that it has started if the session has ended since', async () => {
    const bench = createBench()
    const tab = createBrowser(bench)
    const request = tab.request()
    await request.start(named(record))
    await (await cellOf(request)).end('back_channel_logout')
    expect(await tab.receive(request)).toEqual([])
  })

  it('sets the cookie of a session that it has started although the store fails', async () => {
    const bench = createBench()
    const tab = createBrowser(bench)
    const request = tab.request()
    await request.start(named(record))
    bench.store.read = () => Promise.reject(new Error('down'))
    expect(await tab.receive(request)).toHaveLength(1)
  })

  it('keeps the cookie of a session that was started while that of the one before was sealed', async () => {
    const bench = createBench()
    const tab = createBrowser(bench)
    await tab.signIn(record)
    const [sealing, gate] = [createGate(), createGate()]
    const { seal } = bench.cookies
    const held = {
      ...bench.cookies,
      async seal(next: typeof record) {
        if (next.claims.sub === 'another') return seal(next)
        sealing.open()
        await gate.opened
        return seal(next)
      },
    }
    const request = createBrowser({ ...bench, cookies: held }).request(tab.cookies)
    request.observe(await advance(request))
    const settling = request.finishRequest()
    await sealing.opened
    await request.start(named(another))
    gate.open()
    await settling

    const [, value = ''] = /=([^;]*)/.exec(request.takeCookies()[0] ?? '') ?? []
    const opened = await bench.cookies.open(value)
    expect('record' in opened && opened.record.claims.sub).toBe('another')
  })
})
