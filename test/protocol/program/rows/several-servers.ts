import { callApi } from '../world.ts'
import { type Row, same } from '../row.ts'

export const severalServerRows: readonly Row[] = [
  {
    item: 'two servers: a session at each',
    async run(world) {
      const { issuer, partner } = world.config
      const clients = await Promise.all([issuer, partner].map((at) => world.register({}, at)))
      const apps = clients.map((client) => world.createApplication(client))
      const users = await Promise.all(apps.map((app) => world.signIn(app)))
      const found = await Promise.all(
        users.map((user, i) =>
          user.run(async () => {
            const call = apps[i]?.createTokenFetch({ baseUrl: `${world.api('orders')}/` })
            return call && (await callApi(call)).client_id
          }),
        ),
      )
      same(
        found,
        clients.map(({ id }) => id),
      )
    },
  },
]
