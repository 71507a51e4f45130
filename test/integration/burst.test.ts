import { createMemoryStore } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { describe, expect, it } from 'vitest'
import {
  answerWithToken,
  createApplication,
  createBrowser,
  createTestStore,
  currentRefreshToken,
  kinds,
} from './application.ts'
import { createGate } from './gate.ts'

const CALLS = 500
const many = <T>(count: number, call: () => Promise<T>) => Promise.all(Array.from({ length: count }, call))

describe.each(kinds)('a burst over an expired token, %s session', (session) => {
  it('I8: reaches the authorization server once, and the session continues', async () => {
    const { server, clock, browser } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    await clock.advance(301_000)
    const stale = tab.cookieHeader()

    const responses = await many(CALLS, () => tab.get('/', stale))

    expect(responses.filter(({ status }) => status === 200)).toHaveLength(CALLS)
    expect(new Set(await Promise.all(responses.map((response) => response.text()))).size).toBe(1)
    expect(server.counts.refresh).toBe(1)
    expect(server.maxUses()).toBe(1)

    await clock.advance(301_000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(2)
    expect(server.grants.alive('user-1')).toBe(true)
  })

  it('I1: a late request with the cookie from before the refresh costs nothing', async () => {
    const { server, clock, browser } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    await clock.advance(301_000)
    const stale = tab.cookieHeader()
    const first = await (await tab.get('/')).text()
    await tab.get('/')
    await clock.advance(60_000)

    const late = await many(20, () => tab.get('/', stale))

    expect(new Set(await Promise.all(late.map((response) => response.text())))).toEqual(new Set([first]))
    expect(server.counts.refresh).toBe(1)
    expect(server.grants.alive('user-1')).toBe(true)
  })

  it('I8: two instances on one store refresh once between them', async () => {
    const clockless = { store: createTestStore(), session }
    const { server, auth, clock, options, browser } = createApplication(clockless)
    const other = evertoken(options)
    const tab = browser()
    await tab.signIn()
    await clock.advance(301_000)
    const stale = tab.cookieHeader()
    const otherTab = createBrowser(other, server, answerWithToken(other))

    const calls = [
      many(CALLS / 2, () => tab.get('/', stale)),
      many(CALLS / 2, () => otherTab.get('/', stale)),
    ]
    let done = false
    const all = Promise.all(calls).finally(() => (done = true))
    while (!done) await clock.advance(50)

    expect((await all).flat().filter(({ status }) => status === 200)).toHaveLength(CALLS)
    expect(server.counts.refresh).toBe(1)
    expect(auth).not.toBe(other)
  })

  it('refreshes in the background inside the soft window', async () => {
    const { server, clock, events, browser } = createApplication({ session })
    const tab = browser()
    await tab.signIn()
    const before = await (await tab.get('/')).text()
    await clock.advance(270_000)

    const during = await many(50, async () => (await tab.get('/')).text())
    expect(new Set(during)).toEqual(new Set([before]))
    while (!events.some(({ type }) => type === 'token_refreshed')) await clock.advance(0)

    const after = await (await tab.get('/')).text()
    expect(after).not.toBe(before)
    expect(server.counts.refresh).toBe(1)
    expect(currentRefreshToken(server)).toBeDefined()
  })

  it('gives every resource its own token, one refresh after the other', async () => {
    const { auth, server, clock, browser } = createApplication({ session })
    const tab = browser(async () => {
      const resources = ['https://a.example.com/', 'https://b.example.com/', undefined]
      const wanted = Array.from({ length: 30 }, (_, i) => resources[i % 3])
      const tokens = await Promise.all(
        wanted.map((resource) => auth.getUserAccessToken(resource === undefined ? {} : { resource })),
      )
      return Response.json(tokens.map((token) => token?.value))
    })
    await tab.signIn()
    await clock.advance(301_000)

    const values = (await (await tab.get('/')).json()) as string[]

    expect(new Set(values).size).toBe(3)
    expect(server.counts.refresh).toBe(3)
    expect(server.maxUses()).toBe(1)
    expect(server.introspect(values[0] ?? '').aud).toEqual(['https://a.example.com/'])
    expect(server.introspect(values[1] ?? '').aud).toEqual(['https://b.example.com/'])
  })

  it('an abort ends only one caller', async () => {
    const { auth, server, clock, browser } = createApplication({ session })
    const abort = new AbortController()
    const tab = browser(async () => {
      const first = auth.getUserAccessToken({ signal: abort.signal })
      const second = auth.getUserAccessToken()
      abort.abort(new Error('the browser left'))
      await expect(first).rejects.toThrow('the browser left')
      return new Response((await second)?.value)
    })
    await tab.signIn(1)
    await clock.advance(1000)

    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(1)
  })

  it('no refresh is begun for a caller who leaves while the store is read', async () => {
    const [reading, gate] = [createGate(), createGate()]
    const { read, ...others } = createMemoryStore()
    let isSlow = false
    const store = {
      ...others,
      async read(key: string) {
        if (isSlow) {
          reading.open()
          await gate.opened
        }
        return read(key)
      },
    }
    const { auth, server, clock, browser } = createApplication({ session, store })
    const abort = new AbortController()
    const tab = browser(async () => {
      isSlow = true
      const token = auth.getUserAccessToken({ signal: abort.signal })
      await reading.opened
      abort.abort(new Error('the browser left'))
      gate.open()
      await expect(token).rejects.toThrow('the browser left')
      return new Response()
    })
    await tab.signIn(1)
    await clock.advance(1000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(0)
  })

  it('12 calls with one signal wait for one refresh without a warning about listeners', async () => {
    const { auth, server, clock, browser } = createApplication({ session })
    const warnings: Error[] = []
    const keep = (warning: Error) => void warnings.push(warning)
    process.on('warning', keep)
    const { signal } = new AbortController()
    const tab = browser(async () => {
      await Promise.all(Array.from({ length: 12 }, () => auth.getUserAccessToken({ signal })))
      return new Response()
    })
    await tab.signIn(1)
    await clock.advance(1000)
    await tab.get('/')
    await new Promise(setImmediate)
    process.off('warning', keep)

    expect(server.counts.refresh).toBe(1)
    expect(warnings).toEqual([])
  })

  it('reads nothing when the caller has left before, with or without a user', async () => {
    const { auth, server, clock, browser } = createApplication({ session })
    const signal = AbortSignal.abort(new Error('the browser left'))
    const tab = browser(async () => {
      await expect(auth.getUserAccessToken({ signal })).rejects.toThrow('the browser left')
      return new Response()
    })
    expect((await tab.get('/')).status).toBe(200)
    await tab.signIn(1)
    await clock.advance(1000)
    expect((await tab.get('/')).status).toBe(200)
    expect(server.counts.refresh).toBe(0)
  })
})

it('a cookie session survives a restart once the browser has caught up', async () => {
  const { server, clock, options, browser } = createApplication()
  const tab = browser()
  await tab.signIn()
  await clock.advance(301_000)
  await tab.get('/')

  const restarted = evertoken(options)
  const after = createBrowser(restarted, server, answerWithToken(restarted))
  await clock.advance(301_000)

  expect((await after.get('/', tab.cookieHeader())).status).toBe(200)
  expect(server.maxUses()).toBe(1)
  expect(server.grants.alive('user-1')).toBe(true)
})
