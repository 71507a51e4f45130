import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EvertokenOptions } from '@evertoken/core'
import { evertoken, type Evertoken } from '@evertoken/node'
import { createAuthorizationServer, createManualClock } from '@evertoken/testkit'
import { afterEach } from 'vitest'

export const clock = createManualClock()
export const authorizationServer = createAuthorizationServer({ clock })

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

export function createOptions(): EvertokenOptions {
  const [client] = authorizationServer.clients
  return {
    issuer: authorizationServer.issuer,
    clientId: client?.id ?? '',
    clientSecret: client?.secret,
    secret: 'a secret of thirty-two characters',
    fetch: (input, init) => authorizationServer.fetch(input, init),
    clock,
  }
}

export function createAuth(options: Partial<EvertokenOptions> = {}): Evertoken {
  return evertoken({ ...createOptions(), ...options })
}

/** Starts a server, which stops after the test. Resolves to its origin. */
export async function listen(server: Server): Promise<string> {
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
