import { inspect } from 'node:util'
import type { EvertokenEvent, EvertokenOptions } from '@evertoken/core'
import type { Evertoken } from '@evertoken/node'
import { createAuthorizationServer, createManualClock } from '@evertoken/testkit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { answerWithToken, createBrowser, kinds } from './application.ts'

const SECRET = 'a secret of thirty-two characters'
const NEXT_SECRET = 'the next secret of 32 characters or more'
const CALLS = 100

afterEach(() => vi.unstubAllEnvs())

/** Loads the package again, as a framework does that bundles an application in several parts. */
async function loadAgain(options: EvertokenOptions): Promise<Evertoken> {
  vi.resetModules()
  const { evertoken } = await import('@evertoken/node')
  return evertoken(options)
}

function createWorld(overrides: Partial<Pick<EvertokenOptions, 'session' | 'store' | 'clock'>> = {}) {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock })
  const events: EvertokenEvent[] = []
  const options: EvertokenOptions = {
    issuer: server.issuer,
    clientId: server.clients[0]?.id ?? '',
    clientSecret: server.clients[0]?.secret,
    encryptionSecret: SECRET,
    baseUrl: 'https://app.example.com',
    fetch: (input, init) => server.fetch(input, init),
    onEvent: (event) => events.push(event),
    clock,
    ...overrides,
  }
  return { clock, server, events, options }
}

const reports = (events: readonly EvertokenEvent[]) =>
  events.filter(({ type }) => type === 'store_not_shared')

describe.each(kinds)('two copies of the package in one process, %s session', (session) => {
  async function start() {
    const world = createWorld({ session })
    const [first, second] = [await loadAgain(world.options), await loadAgain(world.options)]
    const browser = createBrowser(first, world.server, answerWithToken(first))
    await browser.signIn()
    const cookie = browser.cookieHeader()
    const ask = async (auth: Evertoken) => {
      const other = createBrowser(auth, world.server, answerWithToken(auth))
      return (await other.get('/', cookie)).text()
    }
    return { ...world, first, second, cookie, ask }
  }

  it('send no spent refresh token', async () => {
    const { clock, server, first, second, ask } = await start()
    await clock.advance(301_000)

    const token = await ask(first)

    expect(token).toMatch(/^at_/)
    expect(await ask(second)).toBe(token)
    await clock.advance(301_000)
    expect(await ask(second)).toMatch(/^at_/)
    expect(await ask(first)).toMatch(/^at_/)
    expect(server.maxUses()).toBe(1)
    expect(server.counts.refresh).toBe(2)
  })

  it(`refresh once for ${CALLS} calls`, async () => {
    const { clock, server, first, second, ask } = await start()
    await clock.advance(301_000)

    const calls = Array.from({ length: CALLS }, (_, i) => ask(i % 2 === 0 ? first : second))
    let done = false
    const all = Promise.all(calls).finally(() => (done = true))
    while (!done) await clock.advance(50)

    expect(new Set(await all).size).toBe(1)
    expect(server.counts.refresh).toBe(1)
  })

  it('both know that the user has signed out', async () => {
    const { server, first, second, ask, cookie } = await start()
    const other = createBrowser(second, server, async () => {
      await second.endSession()
      return new Response()
    })
    await other.get('/', cookie)

    expect(await ask(first)).toBe('nobody')
  })
})

it.each([
  ['a text and a list', SECRET, [SECRET]],
  ['lists in another order', [SECRET, NEXT_SECRET], [NEXT_SECRET, SECRET]],
])('%s are the same secrets', async (_name, first, second) => {
  const { options, server } = createWorld({ session: 'server' })
  const auth = await loadAgain({ ...options, encryptionSecret: first })
  const browser = createBrowser(auth, server, answerWithToken(auth))
  await browser.signIn()
  const cookie = browser.cookieHeader()

  const other = await loadAgain({ ...options, encryptionSecret: second })

  const response = await createBrowser(other, server, answerWithToken(other)).get('/', cookie)
  expect(await response.text()).toMatch(/^at_/)
})

it('the global symbol does not show the secret', async () => {
  const { options, server } = createWorld()
  const { clock: _, ...withSystemClock } = options
  const auth = await loadAgain(withSystemClock)
  await createBrowser(auth, server, answerWithToken(auth)).signIn()

  // The map itself would show all of `globalThis`, this file too, because that is one of its keys.
  const stores = Reflect.get(globalThis, Symbol.for('evertoken.defaultStores.2')) as WeakMap<object, object>
  const shown = inspect(stores.get(globalThis), { depth: 8, showHidden: true, maxArrayLength: null })
  expect(shown).toContain('get')
  expect(shown).not.toContain(SECRET)
})

describe('a process that is one of several', () => {
  async function signInTwice(overrides: Parameters<typeof createWorld>[0] = {}) {
    const { options, server, events } = createWorld(overrides)
    for (const auth of [await loadAgain(options), await loadAgain(options)]) {
      const browser = createBrowser(auth, server, answerWithToken(auth))
      await browser.signIn()
      await browser.get('/')
    }
    return events
  }

  it('reports the default store once', async () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'web')

    const events = await signInTwice()

    const hint = expect.stringContaining('`store`') as string
    expect(reports(events)).toEqual([{ type: 'store_not_shared', reason: 'serverless', hint }])
  })

  it('does not report a store that the application chose', async () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'web')
    const { createMemoryStore } = await import('@evertoken/core')

    expect(reports(await signInTwice({ store: createMemoryStore() }))).toEqual([])
  })

  it('reports nothing if it might be the only one', async () => {
    expect(reports(await signInTwice())).toEqual([])
  })
})
