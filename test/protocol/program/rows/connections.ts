import { createMemoryStore } from '@evertoken/core'
import { createConnections, createFlights } from '@evertoken/core/connections'
import { connectWithDeviceCode } from '@evertoken/core/device'
import { dpop } from '@evertoken/core/dpop'
import { createUserAgent } from '../../../../examples/node-app/src/user-agent.ts'
import { type Row, same } from '../row.ts'
import { callApi, SECRET } from '../world.ts'

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

/** The waits between polls are short, and time limits are not. */
const clock = {
  now: () => Date.now() / 1000,
  elapsed: () => performance.now(),
  sleep: (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms <= 20_000 ? ms / 50 : ms)
      signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()))
    }),
}

export const connectionRows: readonly Row[] = [
  {
    item: 'connections: device code, with a refresh and DPoP',
    async run(world) {
      const client = await world.register({
        grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE],
      })
      const connections = createConnections(
        {
          encryptionSecret: SECRET,
          store: createMemoryStore(),
          providers: {
            orders: {
              issuer: client.issuer,
              clientId: client.id,
              clientSecret: client.secret ?? '',
              scope: 'openid offline_access read',
              resource: world.api('orders'),
              senderConstraint: dpop(),
            },
          },
          serverTimeoutSeconds: 60,
          storeTimeoutSeconds: 60,
          clock,
        },
        { flights: createFlights(), keepAlive() {} },
      )
      const connection = connections.get('alice', 'orders')
      await connectWithDeviceCode(connection, {
        onUserCode: ({ verificationUriComplete = '' }) => void decide(verificationUriComplete),
      })
      const call = connection.createTokenFetch({ baseUrl: `${world.api('orders')}/` })
      const first = await callApi(call)
      await connection.getAccessToken({ forceRefresh: true })
      const second = await callApi(call)
      same([first.sub, first.scheme, second.scheme], ['alice', 'DPoP', 'DPoP'])
      same(first.cnf?.jkt, second.cnf?.jkt)
      const requests = await world.requests(client)
      same(new Set(requests.map(({ form }) => form['grant_type'])).size, 2)
      same(
        requests.every(({ hasProof, authorization }) => hasProof && authorization === 'Basic'),
        true,
      )
      const state = await connection.getState()
      same(state.state === 'active' && state.claims.sub, 'alice')
    },
  },
]

/** Sends the three forms of the server: with the code, with the confirmation, and with the sign-in. */
async function decide(url: string): Promise<void> {
  const browser = createUserAgent()
  await browser.submit(await browser.submit(await browser.visit(url)))
}
