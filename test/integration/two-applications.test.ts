import { createMemoryStore } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { createAuthorizationServer } from '@evertoken/testkit'
import { expect, it } from 'vitest'
import { answerWithToken, createApplication, createBrowser, kinds } from './application.ts'

it.each(kinds)('a session at one authorization server is none at another, %s session', async (session) => {
  const store = createMemoryStore({ clock: { now: () => 0, elapsed: () => 0 } })
  const customers = createApplication({ session, store, cookieName: 'customers' })
  const staffServer = createAuthorizationServer({
    clock: customers.clock,
    issuer: 'https://staff.example.com',
  })
  const sent: string[] = []
  const staff = evertoken({
    ...customers.options,
    server: { issuer: staffServer.issuer },
    cookieName: 'staff',
    fetch: (input, init) => {
      sent.push(new URLSearchParams(init?.body as URLSearchParams | undefined).toString())
      return staffServer.fetch(input, init)
    },
  })
  const customer = customers.browser()
  await customer.signIn()
  const refreshToken = customers.server.grants.currentRefreshToken('user-1') ?? ''
  const renamed = customer.cookieHeader().replace('customers', 'staff')
  const ask = createBrowser(staff, staffServer, async () => {
    const user = await staff.getUser().catch(() => undefined)
    return new Response(user?.sub ?? 'nobody')
  })

  expect(await (await ask.get('/', renamed)).text()).toBe('nobody')
  await customers.clock.advance(301_000)
  const call = createBrowser(staff, staffServer, answerWithToken(staff)).get('/', renamed)
  await call.catch(() => undefined)
  expect(sent.filter((body) => body.includes(refreshToken))).toEqual([])
})
