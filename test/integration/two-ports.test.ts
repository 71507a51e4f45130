import { evertoken } from '@evertoken/node'
import { createAuthorizationServer } from '@evertoken/testkit'
import { expect, it } from 'vitest'
import { answerWithToken, createApplication, createBrowser, kinds } from './application.ts'
import { signIn } from './steps.ts'

it.each(kinds)('S22: two applications on one host keep their cookies apart, %s session', async (session) => {
  const shop = createApplication({ session, cookieName: undefined as never })
  const { cookieName: _, ...options } = shop.options
  const otherServer = createAuthorizationServer({ clock: shop.clock, issuer: 'https://staff.example.com' })
  const staff = evertoken({
    ...options,
    server: { issuer: otherServer.issuer },
    fetch: (input, init) => otherServer.fetch(input, init),
  })
  const one = shop.browser()
  await signIn(one, shop.server)
  const [own] = [...one.cookies.keys()]
  // A browser has one jar for all ports of a host.
  const other = createBrowser(staff, otherServer, answerWithToken(staff))
  for (const [name, value] of one.cookies) other.cookies.set(name, value)
  await signIn(other, otherServer)

  expect(other.cookies.size).toBe(2)
  expect(own).toMatch(/^__Host-Http-evertoken-[\da-z]+$/)
  expect((await other.get('/')).status).toBe(200)
  expect((await one.get('/', other.cookieHeader())).status).toBe(200)
  await other.post('/auth/logout')
  expect([...other.cookies.keys()]).toEqual([own])
  expect((await one.get('/', other.cookieHeader())).status).toBe(200)
})
