import { endSessions, listSessions } from '@evertoken/core/sessions'
import { type Registrations, signInChoices, tenants } from '@evertoken/core/tenants'
import { APP_URL } from '../../../integration/sign-in-at.ts'
import { type Row, same } from '../row.ts'
import {
  type Application,
  type ApplicationOptions,
  callApi,
  type Client,
  SECRET,
  type User,
  type World,
} from '../world.ts'

/** Registers a client at each of the two servers, for the callback of a name. */
function registerAtBoth(world: World, names: readonly string[]): Promise<Client[]> {
  const issuers = [world.config.issuer, world.config.partner]
  const register = (name: string, i: number) =>
    world.register({ redirect_uris: [`${APP_URL}/auth/callback${name}`] }, issuers[i])
  return Promise.all(names.map(register))
}

function registrationOf(world: World, client: Client | undefined) {
  const { issuer = '', id = '', secret = '' } = client ?? {}
  const scope = 'openid offline_access read write'
  return { issuer, clientId: id, clientSecret: secret, scope, resource: world.api('orders') }
}

/** Creates an application with several registrations. */
function createWith(world: World, registrations: Registrations): Application {
  const options = { registrations, encryptionSecret: SECRET, baseUrl: APP_URL, session: 'server' }
  return world.host.createApplication(options as object as ApplicationOptions)
}

/** Returns the client of the token that the API gets in a request of the user. */
function clientOf(world: World, app: Application, user: User): Promise<string> {
  const call = app.createTokenFetch({ baseUrl: `${world.api('orders')}/` })
  return user.run(async () => (await callApi(call)).client_id)
}

export const severalServerRows: readonly Row[] = [
  {
    item: 'two servers: a session at each',
    async run(world) {
      const clients = await registerAtBoth(world, ['', ''])
      const apps = clients.map((client) => world.createApplication(client))
      for (const [i, app] of apps.entries())
        same(await clientOf(world, app, await world.signIn(app)), clients[i]?.id)
    },
  },
  {
    item: 'two sign-in providers in one application',
    async run(world) {
      const names = ['one', 'two']
      const clients = await registerAtBoth(
        world,
        names.map((name) => `/${name}`),
      )
      const [one, two] = clients.map((client) => registrationOf(world, client))
      if (!one || !two) throw new Error('A client is missing')
      const app = createWith(world, signInChoices({ one, two }))
      for (const [i, name] of names.entries()) {
        const user = await world.signIn(app, `/auth/login/${name}`)
        same(await clientOf(world, app, user), clients[i]?.id)
      }
    },
  },
  {
    item: 'tenants, by the host of the request',
    async run(world) {
      const [client] = await registerAtBoth(world, [''])
      const loaded: string[] = []
      const registrations = tenants({
        nameOf: (request) => new URL(request.url).hostname,
        load(name) {
          loaded.push(name)
          return name === 'app.example.com' ? registrationOf(world, client) : undefined
        },
      })
      const app = createWith(world, registrations)
      same(await clientOf(world, app, await world.signIn(app)), client?.id)
      const elsewhere = new Request('https://other.example.com/auth/login')
      same((await app.handle(elsewhere, async () => new Response())).status, 404)
      same(loaded, ['app.example.com', 'other.example.com'])
    },
  },
  {
    item: 'sessions of a user: list, and end all except one',
    async run(world) {
      const app = world.createApplication(await world.register(), { indexSessions: true })
      const users = [await world.signIn(app), await world.signIn(app)]
      const sub = 'alice'
      const [kept] = await listSessions(app, { sub })
      same((await listSessions(app, { sub })).length, 2)
      same(await endSessions(app, { sub, except: kept?.id ?? '' }), 1)
      same(
        (await listSessions(app, { sub })).map(({ id }) => id),
        [kept?.id],
      )
      const tokens = await Promise.all(users.map((user) => user.run(() => app.getUserAccessToken())))
      same(tokens.filter((token) => token !== undefined).length, 1)
    },
  },
]
