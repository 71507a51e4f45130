import type { OnSignIn } from '@evertoken/core'
import { expect, it } from 'vitest'
import { createApplication } from './application.ts'
import { locationOf, ofType, signIn, userOf } from './steps.ts'

const groups = Array.from({ length: 300 }, (_, i) => `group ${i}`)
const withoutGroups: OnSignIn = (claims) => ({ ...claims, groups: undefined })

it('S23: an ID token that does not fit into the cookie is left out at the sign-in', async () => {
  const { server, browser, clock, events } = createApplication({ onSignIn: withoutGroups })
  const tab = browser()
  server.script('token', { type: 'idToken', claims: { groups } })
  expect((await signIn(tab, server)).status).toBe(303)
  const { claims, sid, logoutUrl } = await userOf(tab)
  expect(claims).toMatchObject({ sub: 'user-1' })
  expect(claims).not.toHaveProperty('groups')

  await clock.advance(301_000)
  expect((await tab.get('/')).status).toBe(200)
  expect(ofType(events, 'cookie_too_large')).toEqual([])
  expect([typeof sid, logoutUrl]).toEqual(['string', expect.stringContaining('/auth/logout')])
  expect((await tab.post('/auth/logout')).status).toBe(303)
})

it('S23: an ID token that fits is kept for the sign-out', async () => {
  const { server, browser } = createApplication({ onSignIn: withoutGroups })
  const tab = browser()
  server.script('token', { type: 'idToken', claims: { groups: groups.slice(0, 20) } })
  await signIn(tab, server)
  const location = locationOf(await tab.post('/auth/logout'))
  expect(location.searchParams.get('id_token_hint')).toMatch(/^ey/)
})

it('S23: a session that fits at the sign-in fits after a refresh', { timeout: 60_000 }, async () => {
  const start = async (length: number) => {
    const application = createApplication({
      onSignIn: (claims) => ({ ...claims, about: 'x'.repeat(length) }),
    })
    const tab = application.browser()
    return { ...application, tab, status: (await signIn(tab, application.server)).status }
  }
  let [fits, refused] = [500, 5000]
  while (refused - fits > 1) {
    const middle = Math.floor((fits + refused) / 2)
    if ((await start(middle)).status === 303) fits = middle
    else refused = middle
  }
  expect((await start(refused)).status).toBe(500)
  expect(fits).toBeGreaterThan(2500)
  for (let length = fits; length > fits - 800; length -= 40) {
    const { tab, status, clock, events } = await start(length)
    const statuses = [status]
    for (let i = 0; i < 2; i++) {
      await clock.advance(301_000)
      statuses.push((await tab.get('/')).status)
    }
    expect([length, ...statuses]).toEqual([length, 303, 200, 200])
    expect(ofType(events, 'cookie_too_large')).toEqual([])
  }
})
