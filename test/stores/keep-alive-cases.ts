import assert from 'node:assert/strict'
import type { SessionIndex, SessionStore } from '@evertoken/core'
import { keepAlive } from '@evertoken/core/keep-alive'
import { createConnections } from '@evertoken/node/connections'
import { type ContractCase, createAuthorizationServer, createShiftableClock } from '@evertoken/testkit'

const DAY = 86_400
const OWNERS = 30

/** @param other - The same data through the connection of another process. */
export function keepAliveCases(store: SessionStore, other: SessionStore): ContractCase[] {
  return [
    {
      name: 'idle connections: another process finds and refreshes them, once',
      async run() {
        const clock = createShiftableClock()
        const server = createAuthorizationServer({ clock, accessTokenSeconds: 300 })
        const [{ id: clientId, secret: clientSecret } = { id: '' }] = server.clients
        // Owners of this run only, because the store can have others.
        const provider = `p${crypto.randomUUID()}`
        const create = (from: SessionStore) =>
          createConnections({
            encryptionSecret: 'a secret of thirty-two characters',
            store: { ...from, outlivesProcess: true, index: ownTerms(from.index, provider) },
            clock,
            fetch: server.fetch,
            providers: { [provider]: { issuer: server.issuer, clientId, clientSecret: clientSecret ?? '' } },
            keepAlive: keepAlive(),
            // The machine of the test can be slow.
            storeTimeoutSeconds: 60,
            serverTimeoutSeconds: 60,
          })
        const [one, elsewhere] = [create(store), create(other)]
        const owners = Array.from({ length: OWNERS }, (_, i) => `owner-${i}`)
        for (const owner of owners)
          await one.get(owner, provider).save(await server.issue({ expiresIn: 300 }))
        const run = (from = elsewhere) => from.keepAlive({ olderThanSeconds: 30 * DAY })
        assert.equal((await run()).refreshed, 0)
        clock.advance(40 * DAY)
        await Promise.all([run(), run(one)])
        assert.equal(server.counts.refresh, OWNERS)
        assert.equal((await run()).refreshed, 0)
        for (const owner of owners) await one.disconnectAll(owner)
        clock.advance(40 * DAY)
        assert.deepEqual(await run(), {
          refreshed: 0,
          failed: 0,
          needsReauthorization: 0,
          isComplete: true,
        })
      },
    },
  ]
}

/**
 * An index in which other runs find nothing. Processes certify several stores on one server at the same time, and the lists
 * require that the clocks of all processes agree.
 */
function ownTerms(index: SessionIndex | undefined, prefix: string): SessionIndex {
  assert.ok(index, 'The store has no index')
  const termOf = (term: string) => `${prefix}~${term}`
  return {
    add: (term, key, expiresAt) => index.add(termOf(term), key, expiresAt),
    keys: (term) => index.keys(termOf(term)),
    remove: (term, key) => index.remove(termOf(term), key),
  }
}
