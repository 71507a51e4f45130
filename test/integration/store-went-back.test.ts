import { describe, expect, it } from 'vitest'
import { createApplication, createTestStore, kinds } from './application.ts'

/** A store with a replica that takes its place, although it has not received the last writes. */
function createReplicatedStore() {
  const store = createTestStore()
  const countWrites = () =>
    store.log.filter(({ swapped, kind }) => swapped === true || kind === 'remove').length
  let replicated = 0
  return {
    store,
    /** The replica receives no later write. */
    cutReplication: () => void (replicated = countWrites()),
    failOver: () => store.failOver({ writes: countWrites() - replicated }),
  }
}

async function createWorld(session: 'cookie' | 'server') {
  const { store, cutReplication, failOver } = createReplicatedStore()
  const application = createApplication({ session, store })
  const browser = application.browser()
  await browser.signIn(300)
  // Once refreshed, a cookie session has a record in the store as well.
  await application.clock.advance(301_000)
  await browser.get('/')
  await application.clock.advance(301_000)
  const wentBack = () => application.events.filter(({ type }) => type === 'store_went_back').length
  return { ...application, browser, cutReplication, failOver, wentBack }
}

describe.each(kinds)('a failover that loses a refresh of a %s session', (session) => {
  it('is survived by the process that refreshed, and reported once', async () => {
    const { browser, clock, events, cutReplication, failOver, wentBack } = await createWorld(session)
    cutReplication()
    const token = await (await browser.get('/')).text()
    await failOver()
    expect(await (await browser.get('/')).text()).toBe(token)
    await clock.advance(301_000)
    const next = await browser.get('/')
    expect(next.status).toBe(200)
    expect(await next.text()).not.toBe(token)
    expect(wentBack()).toBe(1)
    expect(events.filter(({ type }) => type === 'session_ended')).toEqual([])
  })

  it('does not bring back a session that had ended before', async () => {
    const { auth, browser, cutReplication, failOver, wentBack } = await createWorld(session)
    await browser.get('/')
    const cookie = browser.cookieHeader()
    cutReplication()
    await browser.get('/', undefined, {}, async () => {
      await auth.endSession()
      return new Response()
    })
    await failOver()
    expect((await browser.get('/', cookie)).status).toBe(401)
    expect(wentBack()).toBe(1)
  })
})

it('is survived by another process if the browser holds the newer cookie', async () => {
  const { browser, options, events, clock, cutReplication, failOver, wentBack } = await createWorld('cookie')
  cutReplication()
  const token = await (await browser.get('/')).text()
  await failOver()
  const other = createApplication({ ...options, onEvent: (event) => events.push(event) }).auth
  const ask = () =>
    other.handle(
      new Request('https://app.example.com/', { headers: { cookie: browser.cookieHeader() } }),
      async () => {
        const current = await other.getUserAccessToken()
        return new Response(current?.value)
      },
    )
  expect(await (await ask()).text()).toBe(token)
  await clock.advance(301_000)
  expect(await (await ask()).text()).not.toBe('')
  expect(wentBack()).toBe(1)
})
