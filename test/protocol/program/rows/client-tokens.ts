import { clientCredentials } from '@evertoken/core/grants'
import { type Row, same, times } from '../row.ts'
import { APP_URL } from '../../../integration/sign-in-at.ts'
import { callApi } from '../world.ts'

export const clientTokenRows: readonly Row[] = [
  {
    item: "as the client: getClientAccessToken, token: 'client'",
    async run(world) {
      const client = await world.register()
      const app = world.createApplication(client)
      const catalog = app.createTokenFetch({ baseUrl: `${world.api('catalog')}/`, token: 'client' })
      const own = app.createTokenFetch({
        baseUrl: `${world.api('stock')}/`,
        token: clientCredentials({ resource: world.api('stock'), scope: 'read write' }),
      })
      const found = await times(20, () => callApi(catalog))
      const token = await app.getClientAccessToken()
      const { aud, client_id: id } = found[0] ?? {}
      same([aud, id, token.type], [world.api('catalog'), client.id, 'Bearer'])
      same((await callApi(own)).scope, 'read write')
      same(
        (await world.requests(client)).map(({ form }) => form['grant_type']),
        ['client_credentials', 'client_credentials'],
      )
    },
  },
  {
    item: "as the client: token: 'user-or-client'",
    async run(world) {
      const client = await world.register()
      const url = world.api('catalog')
      const app = world.createApplication(client, { resource: [world.api('orders'), url] })
      const call = app.createTokenFetch({ baseUrl: `${url}/`, resource: url, token: 'user-or-client' })
      let withoutUser: unknown
      await app.handle(new Request(APP_URL), async () => {
        withoutUser = (await callApi(call)).sub
        return new Response()
      })
      const user = await world.signIn(app)
      const withUser = await user.run(async () => (await callApi(call)).sub)
      same([withoutUser, withUser], [client.id, 'alice'])
    },
  },
  {
    item: 'as the client: several clients and servers by name',
    async run(world) {
      const { issuer, partner } = world.config
      const names = ['stock', 'prices']
      const clients = await Promise.all([issuer, partner].map((at) => world.register({}, at)))
      const services = clients.map(({ issuer: at, id, secret = '' }, i) =>
        world.host.createClientTokens({
          issuer: at,
          clientId: id,
          clientSecret: secret,
          resource: world.api(names[i] ?? ''),
          scope: 'read',
        }),
      )
      const found = await Promise.all(
        services.map((service, i) =>
          callApi(service.createTokenFetch({ baseUrl: `${world.api(names[i] ?? '')}/` })),
        ),
      )
      same(
        found.map(({ client_id: id }) => id),
        clients.map(({ id }) => id),
      )
    },
  },
]
