import type { SessionStore } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { describe, expect, it } from 'vitest'
import {
  answerWithToken,
  type Application,
  type Browser,
  createApplication,
  createBrowser,
  kinds,
  type Overrides,
} from './application.ts'
import { createFailingStore } from './failing-store.ts'
import { createGate, type Gate } from './gate.ts'
import { idle, isSettled } from './steps.ts'

interface Started extends Pick<Application, 'auth'> {
  readonly tab: Browser
}

/** A session whose access token has expired, and a store that can delay the response of its next read. */
async function expire(overrides: Overrides, expireSeconds = 301) {
  let now = () => 0
  let held: Gate | undefined
  const failing = createFailingStore(() => now())
  const store: SessionStore = {
    ...failing,
    async read(key) {
      const value = await failing.read(key)
      const gate = held
      held = undefined
      await gate?.opened
      return value
    },
  }
  const application = createApplication({ ...overrides, store })
  now = application.clock.now
  const tab = application.browser()
  await tab.signIn()
  await application.clock.advance(expireSeconds * 1000)
  const cookies = tab.cookieHeader()

  /** Signs the user out while the store fails, so that the sign-out is completed later. */
  async function signOutLater({ auth, tab: at }: Pick<Started, 'auth' | 'tab'> = { ...application, tab }) {
    failing.failAfter(1, 'down')
    await at.get('/out', cookies, undefined, async () => {
      await auth.endSession()
      return new Response()
    })
    failing.failure = undefined
  }

  return {
    ...application,
    store,
    tab,
    cookies,
    signOutLater,
    holdNextRead: () => (held = createGate()),
  }
}

/** A second process of the application, whose requests for the metadata wait until the gate is opened. */
function startWithoutMetadata(world: Awaited<ReturnType<typeof expire>>): Started & { readonly gate: Gate } {
  const { options, server, tab } = world
  const gate = createGate()
  const auth = evertoken({
    ...options,
    async fetch(input, init) {
      if (new Request(input).url.includes('well-known')) await gate.opened
      return server.fetch(input, init)
    },
  })
  const browser = createBrowser(auth, server, answerWithToken(auth))
  for (const [name, value] of tab.cookies) browser.cookies.set(name, value)
  return { auth, tab: browser, gate }
}

const settle = () => idle(() => false, 60)

describe.each(kinds)('a pending sign-out, %s session', (session) => {
  it.each([301, 100])('is noticed by a call that read the session before it, %s seconds old', async (age) => {
    const world = await expire({ session }, age)
    const gate = world.holdNextRead()
    const response = world.tab.get('/', world.cookies)
    await settle()
    await world.signOutLater()
    gate.open()
    expect((await response).status).toBe(401)
    expect(world.server.counts.refresh).toBe(0)
  })

  it('is noticed by a refresh that waited for the metadata', async () => {
    const world = await expire({ session })
    const process = startWithoutMetadata(world)
    const response = process.tab.get('/', world.cookies)
    await settle()
    await world.clock.advance(500)
    await settle()
    await world.signOutLater(process)
    process.gate.open()
    expect((await response).status).toBe(401)
    expect(world.server.counts.refresh).toBe(0)
  })
})

it.each(kinds)('a refresh does not start after the idle timeout, %s session', async (session) => {
  const world = await expire({ session, idleTimeoutSeconds: 304 })
  const process = startWithoutMetadata(world)
  const response = process.tab.get('/', world.cookies)
  await settle()
  await world.clock.advance(3500)
  process.gate.open()
  expect((await response).status).toBe(401)
  expect(world.server.counts.refresh).toBe(0)
})

describe('a read from before the end of a refresh', () => {
  it.each([
    { shows: 'the lease', slow: '/token', drains: false },
    { shows: 'the lease', slow: '/token', drains: true },
    { shows: 'no lease', slow: 'well-known', drains: true },
  ])(
    'that shows $shows is repeated, and the call does not wait (drains: $drains)',
    async ({ slow, drains }) => {
      const answered = createGate()
      let isSlow = false
      const world = await expire({
        session: 'server',
        async fetch(input, init) {
          const response = await world.server.fetch(input, init)
          if (isSlow && new Request(input).url.includes(slow)) await answered.opened
          return response
        },
      })
      isSlow = true
      const first = world.tab.get('/', world.cookies)
      await settle()
      const gate = world.holdNextRead()
      const second = world.tab.get('/', world.cookies)
      await settle()
      answered.open()
      expect((await first).status).toBe(200)
      if (drains) void world.auth.drain()
      gate.open()
      // No time passes, so a call that waits would not end.
      expect(await isSettled(second)).toBe(true)
      expect((await second).status).toBe(200)
      expect(world.server.counts.refresh).toBe(1)
    },
  )
})
