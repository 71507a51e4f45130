import { expect, it } from 'vitest'
import { createApplication, createTestStore, kinds } from './application.ts'

it.each(kinds)('S26: nothing that a store holds opens a %s session', async (session) => {
  const store = createTestStore()
  const leaked: string[] = []
  store.always('swap', ({ key = '', record = '' }) => {
    leaked.push(key, record)
    return undefined
  })
  const { clock, browser } = createApplication({ session, store })
  const tab = browser()
  await tab.signIn()
  await clock.advance(301_000)
  expect((await tab.get('/')).status).toBe(200)

  const thief = browser()
  expect(leaked.length).toBeGreaterThan(2)
  for (const found of leaked) {
    expect((await thief.get('/', `__Host-Http-evertoken=${found}`)).status).toBe(401)
    expect(tab.cookieHeader()).not.toContain(found)
  }
})
