import { createMemoryStore, type SessionStore } from '@evertoken/core'
import { expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'

it.each(kinds)('S26: nothing that a store holds opens a %s session', async (session) => {
  const memory = createMemoryStore({ clock: { now: () => 0, elapsed: () => 0 } })
  const leaked: string[] = []
  const store: SessionStore = {
    ...memory,
    swap(key, expected, record, expiresAt) {
      leaked.push(key, record)
      return memory.swap(key, expected, record, expiresAt)
    },
  }
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
