import { none } from '@evertoken/core/credentials'
import { dpop } from '@evertoken/core/dpop'
import { tokenExchange } from '@evertoken/core/grants'
import { APP_URL } from '../../../integration/sign-in-at.ts'
import { codeOf, type Row, same, times } from '../row.ts'
import { callApi, changeTokenResponses, type World } from '../world.ts'

const BOUND = { dpop_bound_access_tokens: true }

/** A user whose tokens are bound to a key. The server refuses each token request without a proof. */
async function signedIn(world: World, metadata: object = {}, options: object = {}) {
  const client = await world.register({ ...BOUND, ...metadata })
  const app = world.createApplication(client, { senderConstraint: dpop(), ...options })
  const user = await world.signIn(app)
  const orders = app.createTokenFetch({ baseUrl: `${world.api('orders')}/` })
  const statuses = async () => (await world.requests(client)).map(({ status }) => status)
  return { client, app, user, orders, statuses }
}

export const dpopRows: readonly Row[] = [
  {
    item: 'DPoP: sign-in with dpop_jkt, calls, refresh',
    async run(world) {
      const { app, user, orders, client } = await signedIn(world)
      const jkt = user.visited[0]?.searchParams.get('dpop_jkt')
      await user.run(async () => {
        const found = await times(20, () => callApi(orders))
        same([...new Set(found.map(({ scheme, cnf }) => `${scheme} ${cnf?.jkt}`))], [`DPoP ${jkt}`])
        await app.getUserAccessToken({ forceRefresh: true })
        same((await callApi(orders, 'list?a=b')).cnf?.jkt, jkt)
      })
      const requests = await world.requests(client)
      same(
        requests.map(({ hasProof, status }) => [hasProof, status]),
        [
          [true, 200],
          [true, 200],
        ],
      )
    },
  },
  {
    item: 'DPoP with Ed25519',
    async run(world) {
      const { user, orders } = await signedIn(
        world,
        {},
        { senderConstraint: dpop({ algorithm: 'EdDSA' }), session: 'cookie' },
      )
      same((await user.run(() => callApi(orders))).scheme, 'DPoP')
    },
  },
  {
    item: 'DPoP: nonces of the token endpoint',
    async run(world) {
      const { app, user, statuses } = await signedIn(world, { requires_dpop_nonce: true })
      same(await statuses(), [400, 200])
      await user.run(() => app.getUserAccessToken({ forceRefresh: true }))
      // The nonce of the last response is used.
      same(await statuses(), [200])
    },
  },
  {
    item: 'DPoP: nonces of the API, and a repeated body',
    async run(world) {
      const { user, orders, statuses } = await signedIn(world)
      await user.run(async () => {
        for (let i = 0; i < 3; i++) {
          const found = await callApi(orders, 'nonce', { method: 'POST', body: `order ${i}` })
          same([found.method, found.body], ['POST', `order ${i}`])
        }
      })
      // Only the sign-in.
      same(await statuses(), [200])
    },
  },
  {
    item: 'DPoP: a call is repeated after a rejected token',
    async run(world) {
      const { user, orders, app, statuses } = await signedIn(world)
      await user.run(async () => {
        const before = await app.getUserAccessToken()
        const found = await callApi(orders, 'rejected-once', { method: 'PUT', body: 'order' })
        const after = await app.getUserAccessToken()
        same([found.body, found.scheme, before?.value === after?.value], ['order', 'DPoP', false])
      })
      same(await statuses(), [200, 200])
    },
  },
  {
    item: 'DPoP: redirects within the allowed URLs',
    async run(world) {
      const { user, orders } = await signedIn(world)
      const to = `${world.api('orders')}/list?page=2`
      const path = `redirect?to=${encodeURIComponent(to)}`
      same((await user.run(() => callApi(orders, path, { method: 'POST', body: 'x' }))).body, 'x')
    },
  },
  {
    item: 'DPoP: the proxy',
    async run(world) {
      const { app, user } = await signedIn(world)
      const proxy = app.createTokenProxy({ '/api/*': { target: `${world.api('orders')}/`, token: 'user' } })
      const found = await user.run(() =>
        callApi(
          async (input, init) => {
            const response = await proxy(new Request(input, init))
            return response ?? new Response(undefined, { status: 404 })
          },
          `${APP_URL}/api/nonce`,
          { method: 'POST', headers: { 'sec-fetch-site': 'same-origin', origin: APP_URL }, body: 'order' },
        ),
      )
      same([found.scheme, found.body], ['DPoP', 'order'])
    },
  },
  {
    item: 'DPoP: the refresh token of a public client is bound',
    async run(world) {
      let refreshToken = ''
      const observe = changeTokenResponses((response) => {
        refreshToken = response.refresh_token ?? refreshToken
        return response
      })
      const options = { clientAuthentication: none(), fetch: observe }
      const { app, user, client } = await signedIn(world, { token_endpoint_auth_method: 'none' }, options)
      const stolen = await fetch(`${client.issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: refreshToken,
          client_id: client.id,
        }),
      })
      same(stolen.status, 400)
      await stolen.text()
      same((await user.run(() => app.getUserAccessToken({ forceRefresh: true })))?.type, 'DPoP')
    },
  },
  {
    item: 'DPoP: tokens of the client, and exchanged tokens',
    async run(world) {
      const { app, user } = await signedIn(world)
      const catalog = app.createTokenFetch({ baseUrl: `${world.api('catalog')}/`, token: 'client' })
      same((await callApi(catalog)).scheme, 'DPoP')
      const token = tokenExchange({ resource: world.api('billing'), scope: 'read' })
      const billing = app.createTokenFetch({ baseUrl: `${world.api('billing')}/`, token })
      same((await user.run(() => callApi(billing, 'nonce'))).scheme, 'DPoP')
    },
  },
  {
    item: 'DPoP: no downgrade to Bearer',
    async run(world) {
      let changes = false
      const fetch = changeTokenResponses((response) =>
        changes ? { ...response, token_type: 'Bearer' } : response,
      )
      const { app, user, orders } = await signedIn(world, {}, { fetch })
      changes = true
      const forced = () => codeOf(() => app.getUserAccessToken({ forceRefresh: true }))
      same(await user.run(forced), 'sender_constraint_refused')
      changes = false
      same((await user.run(() => callApi(orders))).scheme, 'DPoP')
    },
  },
]
