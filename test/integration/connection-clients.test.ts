import type { ConnectionProvider } from '@evertoken/core/connections'
import { createMemoryStore } from '@evertoken/core'
import { createConnections } from '@evertoken/node/connections'
import { createAuthorizationServer, createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { SECRET } from './connection-owners.ts'

/** Processes whose provider is a function of the application. Its result can change, and each process keeps it for 5 minutes. */
function createWorld() {
  const clock = createManualClock()
  const clients = [
    { id: 'first', secret: 'the secret of the first client' },
    { id: 'second', secret: 'the secret of the second client' },
  ]
  const server = createAuthorizationServer({ clock, clients })
  const store = createMemoryStore({ clock })
  const current = { client: clients[0] as (typeof clients)[number], calls: 0 }
  const drive = (): ConnectionProvider => {
    current.calls += 1
    const { id: clientId, secret: clientSecret } = current.client
    return { issuer: server.issuer, clientId, clientSecret }
  }
  const startProcess = () =>
    createConnections({
      encryptionSecret: SECRET,
      store,
      clock,
      providers: { drive },
      fetch: (input, init) => server.fetch(input, init),
    })
  return { clients, server, current, startProcess }
}

type Connections = ReturnType<ReturnType<typeof createWorld>['startProcess']>

const WAYS: readonly [string, (connections: Connections) => Promise<unknown>][] = [
  ['disconnect', (connections) => connections.get('ada', 'drive').disconnect()],
  ['disconnectAll', async (connections) => (await connections.disconnectAll('ada'))[0]?.outcome],
]

describe.each(WAYS)('%s of a process that knows an earlier client', (_, disconnect) => {
  it('revokes the grant of a client that another process has used since then', async () => {
    const { server, current, clients, startProcess } = createWorld()
    const before = startProcess()
    await before.get('ada', 'drive').save(await server.issue({ sub: 'ada', clientId: 'first' }))
    expect(await before.get('ada', 'drive').getAccessToken()).toBeDefined()
    current.client = clients[1] as (typeof clients)[number]
    const response = await server.issue({ sub: 'ada', clientId: 'second' })
    await startProcess().get('ada', 'drive').save(response)
    expect(await disconnect(before)).toBe('revoked')
    expect(server.grants.endReason('ada')).toBe('revocation')
  })

  it('revokes the grant of a client whose secret was replaced', async () => {
    const { server, current, clients, startProcess } = createWorld()
    const before = startProcess()
    await before.get('ada', 'drive').save(await server.issue({ sub: 'ada', clientId: 'first' }))
    clients[0] = { id: 'first', secret: 'the next secret of the first client' }
    current.client = clients[0]
    expect(await disconnect(before)).toBe('revoked')
    expect(server.grants.endReason('ada')).toBe('revocation')
  })

  it('asks the function of the application twice, and not three times', async () => {
    const { server, current, clients, startProcess } = createWorld()
    const before = startProcess()
    await before.get('ada', 'drive').save(await server.issue({ sub: 'ada', clientId: 'first' }))
    clients[0] = { id: 'first', secret: 'the next secret of the first client' }
    const { calls } = current
    expect(await disconnect(before)).toBe('failed')
    expect(current.calls).toBe(calls + 1)
    // The tokens are still known, and another call tries again.
    current.client = clients[0]
    const log = server.log.length
    expect(await disconnect(startProcess())).toBe('revoked')
    expect(server.log.slice(log).filter(({ kind }) => kind === 'revoke')).toHaveLength(1)
  })
})
