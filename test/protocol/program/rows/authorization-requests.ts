import { jar, jarm, par } from '@evertoken/core/authorization'
import { fapi2 } from '@evertoken/core/fapi'
import { createClientKey } from '../keys.ts'
import { type Row, same } from '../row.ts'
import { callApi, type World } from '../world.ts'

const PUSHED = { require_pushed_authorization_requests: true }
const SIGNED = { require_signed_request_object: true }

/** Signs a user in at a server that requires a mode, and calls an API. Returns the URLs that the browser opened. */
async function signIn(world: World, options: object, metadata: object): Promise<readonly URL[]> {
  const app = world.createApplication(await world.register(metadata), options)
  const user = await world.signIn(app)
  const call = app.createTokenFetch({ baseUrl: `${world.api('orders')}/` })
  same((await user.run(() => callApi(call))).sub, 'alice')
  return user.visited
}

/** The names of the parameters that the browser has seen. */
function parametersOf(url: URL | undefined): string[] {
  return [...(url?.searchParams.keys() ?? [])].toSorted()
}

const jarmRows: readonly Row[] = (['query.jwt', 'form_post.jwt'] as const).map((mode) => ({
  item: `JARM with ${mode}`,
  async run(world) {
    const visited = await signIn(world, { responseMode: jarm(mode) }, {})
    const callback = visited.find(({ pathname }) => pathname === '/auth/callback')
    same(parametersOf(callback), mode === 'query.jwt' ? ['response'] : [])
  },
}))

export const authorizationRequestRows: readonly Row[] = [
  {
    item: 'PAR',
    async run(world) {
      const [url] = await signIn(world, { authorizationRequest: par() }, PUSHED)
      same(parametersOf(url), ['client_id', 'request_uri'])
    },
  },
  {
    item: 'JAR',
    async run(world) {
      const { signingKey, jwk } = await createClientKey('ES256', 'key-1')
      const metadata = { ...SIGNED, jwks: { keys: [jwk] } }
      const [url] = await signIn(world, { authorizationRequest: jar(signingKey) }, metadata)
      same(parametersOf(url), ['client_id', 'request'])
    },
  },
  {
    item: 'JAR in PAR',
    async run(world) {
      const { signingKey, jwk } = await createClientKey('PS256', 'key-1')
      const metadata = { ...PUSHED, ...SIGNED, jwks: { keys: [jwk] } }
      const [url] = await signIn(world, { authorizationRequest: par(jar(signingKey)) }, metadata)
      same(parametersOf(url), ['client_id', 'request_uri'])
    },
  },
  ...jarmRows,
  {
    item: 'iss of the authorization response',
    async run(world) {
      const client = await world.register()
      const app = world.createApplication(client)
      const user = await world.signIn(app)
      const callback = user.visited.find(({ pathname }) => pathname === '/auth/callback')
      same(callback?.searchParams.get('iss'), client.issuer)
      await world.requests(client)
      const login = await user.open('/auth/login')
      const state = new URL(login.headers.get('location') ?? '').searchParams.get('state') ?? ''
      for (const iss of [world.config.partner, undefined]) {
        const query = new URLSearchParams({ code: 'code', state, ...(iss !== undefined && { iss }) })
        same((await user.open(`/auth/callback?${query}`)).status, 400)
      }
      same((await world.requests(client)).length, 0)
    },
  },
  {
    item: 'step-up',
    async run(world) {
      const app = world.createApplication(await world.register())
      const payments = app.createTokenFetch({ baseUrl: `${world.api('orders')}/` })
      const user = await world.signIn(app)
      const login = await user.run(async () => app.loginUrlFor(await payments('gold'), '/'))
      const { pathname, search } = new URL(login ?? '', 'https://app.example.com')
      const stronger = await world.signIn(app, pathname + search)
      same((await stronger.run(() => callApi(payments, 'gold'))).sub, 'alice')
    },
  },
  {
    item: 'rich authorization requests, in the URL and at a refresh',
    async run(world) {
      const detail = { type: 'payment', amount: '12.00' }
      const client = await world.register({ authorization_details_types: ['payment'] })
      const app = world.createApplication(client, { authorizationDetails: [detail] })
      const user = await world.signIn(app)
      same(user.visited[0]?.searchParams.get('authorization_details'), JSON.stringify([detail]))
      for (const forceRefresh of [false, true]) {
        const token = await user.run(() => app.getUserAccessToken({ forceRefresh }))
        same(token?.authorizationDetails, [detail])
      }
    },
  },
  ...[false, true].map((messageSigning): Row => ({
    item: messageSigning ? 'FAPI 2.0 with signed messages' : 'FAPI 2.0 with DPoP',
    async run(world) {
      const { signingKey, jwk } = await createClientKey('PS256', 'key-1')
      const method = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } }
      const client = await world.register({ ...PUSHED, ...method, dpop_bound_access_tokens: true })
      const profile = fapi2({ key: signingKey, messageSigning })
      const app = world.createApplication({ ...client, secret: undefined }, { profile })
      const user = await world.signIn(app)
      same(parametersOf(user.visited[0]), ['client_id', 'request_uri'])
      const call = app.createTokenFetch({ baseUrl: `${world.api('orders')}/` })
      same((await user.run(() => callApi(call))).scheme, 'DPoP')
    },
  })),
  {
    item: 'resource indicators at login',
    async run(world) {
      const names = ['orders', 'profile']
      const app = world.createApplication(await world.register(), { resource: names.map(world.api) })
      const user = await world.signIn(app)
      same(user.visited[0]?.searchParams.getAll('resource'), names.map(world.api))
      const call = app.createTokenFetch({ baseUrl: `${world.api('orders')}/` })
      same((await user.run(() => callApi(call))).aud, world.api('orders'))
    },
  },
]
