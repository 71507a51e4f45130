import type { FakeAuthorizationServer } from '@evertoken/testkit'
import * as testkit from '@evertoken/testkit/world'
import { systemClock } from '../../packages/testkit/src/system-clock.ts'

/** The servers that an example needs. */
export interface World {
  readonly server: FakeAuthorizationServer
  /** How many calls the API has accepted and rejected. */
  readonly calls: { readonly accepted: number; readonly rejected: number }
  /** Lets the API reject the next token that it receives, at any time. */
  spoil(): void
  /** Variables for the environment of an example. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

export async function createWorld(): Promise<World> {
  const world = testkit.createWorld({ clock: systemClock, api: { respond } })
  const { authorizationServer: server, api } = world
  const servers = await Promise.all([server.listen(), api.listen()])
  // The servers have their addresses only now.
  const { issuer, clientId, clientSecret = '', encryptionSecret } = world.options
  return {
    server,
    calls: api.counts,
    spoil() {
      let spoiled: string | null
      api.always(({ headers }) => {
        spoiled ??= headers.get('authorization')
        return headers.get('authorization') === spoiled ? { type: 'invalid_token' } : undefined
      })
    },
    env: {
      ISSUER: issuer,
      CLIENT_ID: clientId,
      CLIENT_SECRET: clientSecret,
      SESSION_SECRET: encryptionSecret,
      API_URL: api.url,
      PORT: '0',
    },
    async close() {
      await Promise.all(servers.map((listening) => listening.close()))
    },
  }
}

const BODIES: Readonly<Record<string, unknown>> = {
  '/orders/recent': ['A-1042'],
  '/calendars/primary/events': { items: ['Dentist'] },
}

function respond({ url }: Request): Response {
  const body = BODIES[new URL(url).pathname]
  return body ? Response.json(body) : new Response('not found', { status: 404 })
}
