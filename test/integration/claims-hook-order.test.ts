import { createMemoryStore, type OnSignIn } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { expect, it } from 'vitest'
import { answerWithToken, createApplication, createBrowser, kinds } from './application.ts'
import { idle, ofType, signIn, userOf } from './steps.ts'

const EXPIRED_MS = 301_000

async function settle(): Promise<void> {
  for (let i = 0; i < 60; i++) await idle(() => false, 1)
}

/** A hook that is slow at the first refresh, until `finish` is called. */
function slowFirst(atRefresh: (count: number) => ReturnType<OnSignIn>) {
  let finish: () => void = () => undefined
  let count = 0
  const onSignIn: OnSignIn = async (_claims, { reason }) => {
    if (reason === 'sign_in') return undefined
    const mine = ++count
    if (mine === 1) await new Promise<void>((resolve) => (finish = resolve))
    return atRefresh(mine)
  }
  return { onSignIn, finish: () => finish() }
}

it.each(kinds)('S36: no request sees claims that the hook removes, %s session', async (session) => {
  const onSignIn: OnSignIn = (claims) => (claims['roles'] ? { ...claims, roles: ['reader'] } : undefined)
  const app = createApplication({ session, onSignIn })
  const tab = app.browser(async () => Response.json(await app.auth.getUser()))
  await signIn(tab, app.server)
  app.server.script('refresh', { type: 'idToken', claims: { roles: ['admin'] } })
  await app.clock.advance(EXPIRED_MS)

  expect(await (await tab.get('/')).json()).not.toHaveProperty('roles')
  await settle()
  expect(await (await tab.get('/')).json()).toMatchObject({ roles: ['reader'] })
})

it.each(kinds)('S36: a hook that fails lets no new claims in, %s session', async (session) => {
  const onSignIn: OnSignIn = (_claims, { reason }) => {
    if (reason === 'refresh') throw new Error('The database is down')
  }
  const { server, browser, clock, events } = createApplication({ session, onSignIn })
  const tab = browser()
  await signIn(tab, server)
  server.script('refresh', { type: 'idToken', claims: { roles: ['admin'] } })
  await clock.advance(EXPIRED_MS)
  await tab.get('/')
  await settle()

  expect((await userOf(tab)).claims).not.toHaveProperty('roles')
  expect(ofType(events, 'claims_hook_failed')).toHaveLength(1)
})

it.each(kinds)('S36: claims that the hook keeps change with the ID token, %s session', async (session) => {
  const { server, browser, clock } = createApplication({ session, onSignIn: () => undefined })
  const tab = browser()
  await signIn(tab, server)
  server.script('refresh', { type: 'idToken', claims: { roles: ['admin'] } })
  await clock.advance(EXPIRED_MS)
  await tab.get('/')
  await settle()

  expect((await userOf(tab)).claims).toMatchObject({ roles: ['admin'] })
})

it('S36: the decision after an earlier refresh does not replace a later one', async () => {
  const { onSignIn, finish } = slowFirst((count) => ({ roles: count === 1 ? ['admin'] : ['reader'] }))
  const { server, browser, clock } = createApplication({ session: 'server', onSignIn })
  const tab = browser()
  await signIn(tab, server)
  for (let i = 0; i < 2; i++) {
    await clock.advance(EXPIRED_MS)
    await tab.get('/')
    await settle()
  }
  expect((await userOf(tab)).claims).toMatchObject({ roles: ['reader'] })
  finish()
  await settle()
  expect((await userOf(tab)).claims).toMatchObject({ roles: ['reader'] })
})

it('a decision never restores a spent refresh token after the store has lost the record', async () => {
  const { onSignIn, finish } = slowFirst(() => ({ roles: ['reader'] }))
  const memory = createMemoryStore()
  const keys = new Set<string>()
  const swap: typeof memory.swap = (key, ...change) => {
    keys.add(key)
    return memory.swap(key, ...change)
  }
  const store = { ...memory, outlivesProcess: true, swap }
  const { server, browser, clock, options } = createApplication({ onSignIn, store })
  const tab = browser()
  await signIn(tab, server)
  await clock.advance(EXPIRED_MS)
  await tab.get('/')
  for (const key of keys) await memory.remove(key)
  finish()
  await settle()

  // Another process has not seen the newer record.
  const auth = evertoken(options)
  const other = createBrowser(auth, server, answerWithToken(auth))
  for (const [name, value] of tab.cookies) other.cookies.set(name, value)
  await clock.advance(EXPIRED_MS)
  expect((await other.get('/')).status).toBe(200)
  expect(server.maxUses()).toBe(1)
})

it('a decision that fits no cookie is refused, and the session keeps its claims', async () => {
  const onSignIn: OnSignIn = (claims, { reason }) =>
    reason === 'refresh' ? { ...claims, pad: 'x'.repeat(6000) } : undefined
  const { server, browser, clock, events } = createApplication({ onSignIn })
  const tab = browser()
  await signIn(tab, server)
  await clock.advance(EXPIRED_MS)
  await tab.get('/')
  await settle()

  expect(ofType(events, 'claims_hook_failed')).toMatchObject([{ cause: { code: 'CLAIMS_TOO_LARGE' } }])
  expect((await userOf(tab)).claims).not.toHaveProperty('pad')
  await tab.get('/')
  expect(ofType(events, 'cookie_too_large')).toEqual([])
})

it('the hook cannot invent who the user is', async () => {
  const onSignIn: OnSignIn = () => ({
    sub: 'admin',
    sid: 'invented',
    auth_time: 1,
    iss: 'https://evil.example',
  })
  const { server, browser } = createApplication({ onSignIn })
  const tab = browser()
  server.script('token', { type: 'idToken', claims: { sid: undefined, auth_time: undefined } })
  await signIn(tab, server)
  const { claims } = await userOf(tab)
  expect(claims).toMatchObject({ sub: 'user-1', iss: server.issuer })
  for (const name of ['sid', 'auth_time']) expect(claims).not.toHaveProperty(name)
})
