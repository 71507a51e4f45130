import assert from 'node:assert/strict'
import type { SessionStore } from '@evertoken/core'
import { endSessions, listSessions } from '@evertoken/core/sessions'
import { evertoken } from '@evertoken/node'
import { type ContractCase, createShiftableClock } from '@evertoken/testkit'
import { createWorld } from '@evertoken/testkit/world'

/** @param other - The same data through the connection of another process. */
export function userSessionCases(store: SessionStore, other: SessionStore): ContractCase[] {
  return (['cookie', 'server'] as const).map((session) => ({
    name: `sessions of a user, ${session} session: another process lists them, and ends all except one`,
    async run() {
      const world = createWorld({ clock: createShiftableClock() })
      // The disk of the test can be slow: each change of the file store waits for it.
      const options = { ...world.options, store, session, indexSessions: true, storeTimeoutSeconds: 60 }
      const [auth, elsewhere] = [evertoken(options), evertoken({ ...options, store: other })]
      const sub = crypto.randomUUID()
      const users = await Promise.all([1, 2, 3].map(() => world.signIn(auth, { sub })))
      await world.signIn(auth, { sub: crypto.randomUUID() })
      const isActive = auth.handler(async () =>
        Response.json((await auth.getUserAccessToken()) !== undefined),
      )
      const listed = await listSessions(elsewhere, { sub })
      assert.equal(listed.length, 3)
      const kept = listed[1]?.id ?? ''
      assert.equal(await endSessions(elsewhere, { sub, except: kept }), 2)
      assert.deepEqual(
        (await listSessions(auth, { sub })).map(({ id }) => id),
        [kept],
      )
      const active = await Promise.all(users.map(async (user) => (await user.fetch(isActive, '/')).json()))
      assert.equal(active.filter(Boolean).length, 1)
      assert.equal(await endSessions(auth, { sub, id: kept }), 1)
      assert.deepEqual(await listSessions(elsewhere, { sub }), [])
    },
  }))
}
