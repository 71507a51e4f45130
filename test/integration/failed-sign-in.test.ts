import { createMemoryStore, type SessionStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, type Overrides } from './application.ts'
import { authorize, idle, ofType, pathOf, signIn } from './steps.ts'

/** A shared store whose sessions and index entries can be counted, and whose reads can fail after a write to the index. */
function start(options: Overrides) {
  const memory = createMemoryStore()
  const index = memory.index!
  const listed = new Set<string>()
  const pairs = new Set<string>()
  const world = { isListed: false, failing: false }
  const store: SessionStore = {
    ...memory,
    outlivesProcess: true,
    read: (key) => (world.failing ? Promise.reject(new Error('reset')) : memory.read(key)),
    async swap(key, ...change) {
      const won = await memory.swap(key, ...change)
      if (won && world.isListed && listed.has(key)) world.failing = true
      return won
    },
    index: {
      ...index,
      add(term, key, expiresAt) {
        listed.add(key)
        pairs.add(`${term} ${key}`)
        return index.add(term, key, expiresAt)
      },
      remove(term, key) {
        pairs.delete(`${term} ${key}`)
        return index.remove(term, key)
      },
    },
  }
  return {
    ...createApplication({ backChannelLogout: true, ...options, store }),
    world,
    listed,
    pairs,
    memory,
  }
}

it('a session that does not fit into its cookie is neither stored nor listed', async () => {
  const { server, browser, pairs, listed } = start({
    onSignIn: (claims) => ({ ...claims, about: 'x'.repeat(6000) }),
  })
  const response = await signIn(browser(), server)
  expect(await response.json()).toMatchObject({ code: 'session_too_large' })
  expect([pairs.size, listed.size]).toEqual([0, 0])
})

describe.each(kinds)('if the store fails after it has a new session, %s session', (session) => {
  it('the session ends when the store is back', async () => {
    const { server, browser, world, pairs, listed, memory, clock, events } = start({ session })
    const tab = browser()
    const { callback } = await authorize(tab, server)
    world.isListed = true
    const response = await tab.get(pathOf(callback))
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'store_unavailable' }])
    expect(listed.size).toBe(1)
    const [key = ''] = listed
    const size = async () => (await memory.read(key))?.length ?? 0
    const live = await size()
    // A tombstone is small once the work after the end is done.
    const isOver = async () => pairs.size === 0 && (await size()) < live / 2

    world.isListed = false
    world.failing = false
    for (let i = 0; i < 100 && !(await isOver()); i++) {
      await clock.advance(1000)
      await idle(() => pairs.size === 0, 20)
    }
    expect([pairs.size, (await size()) < live / 2]).toEqual([0, true])
    expect(ofType(events, 'session_started')).toEqual([])
    expect((await tab.get('/')).status).toBe(401)
    expect((await signIn(tab, server)).status).toBe(303)
    expect((await tab.get('/')).status).toBe(200)
  })
})
