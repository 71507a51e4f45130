import {
  clientCredentials,
  crossAppAccess,
  customToken,
  jwtBearer,
  onBehalfOf,
  tokenExchange,
} from '@evertoken/core/grants'
import type { TokenSource } from '@evertoken/core'
import { signHmac } from '../keys.ts'
import { codeOf, type Row, same, times } from '../row.ts'
import { callApi, EXCHANGE, type World } from '../world.ts'

/** A user, and what is needed to call an API with a token of another grant. */
async function signedIn(world: World) {
  const client = await world.register()
  const app = world.createApplication(client)
  const user = await world.signIn(app)
  await world.requests(client)
  /** Calls an API 20 times, twice, and returns what it has verified. All calls must share one token. */
  async function callWith(token: TokenSource, audience: string) {
    const call = app.createTokenFetch({ baseUrl: `${world.config.api}/${audience}/`, token })
    const calls = () => user.run(() => times(20, () => callApi(call)))
    const found = [...(await calls()), ...(await calls())]
    same(new Set(found.map((each) => JSON.stringify(each))).size, 1)
    return found[0]
  }
  const granted = async () => (await world.requests(client)).map(({ form }) => form['grant_type'])
  const stillWorks = () => user.run(() => app.getUserAccessToken({ forceRefresh: true }))
  return { client, app, user, callWith, granted, stillWorks }
}

export const grantRows: readonly Row[] = [
  {
    item: 'token exchange: impersonation',
    async run(world) {
      const { callWith, granted } = await signedIn(world)
      const found = await callWith(tokenExchange({ audience: 'billing', scope: 'read' }), 'urn:billing')
      same([found?.aud, found?.sub, found?.act], ['urn:billing', 'alice', undefined])
      same(await granted(), [EXCHANGE])
    },
  },
  {
    item: 'token exchange: delegation',
    async run(world) {
      const { callWith, granted, client } = await signedIn(world)
      const token = tokenExchange({ audience: 'billing', actor: clientCredentials() })
      const found = await callWith(token, 'urn:billing')
      same([found?.sub, found?.act?.sub], ['alice', client.id])
      same(new Set(await granted()).size, 2)
    },
  },
  {
    item: 'token exchange: a refusal, and another issued_token_type',
    async run(world) {
      const { app, user, stillWorks } = await signedIn(world)
      const codes = await user.run(() =>
        Promise.all(
          ['forbidden', 'saml'].map((audience) =>
            codeOf(() => app.getUserAccessToken({ token: tokenExchange({ audience }) })),
          ),
        ),
      )
      same(codes, ['grant_refused', 'issued_token_type_unexpected'])
      same((await stillWorks())?.type, 'Bearer')
    },
  },
  {
    item: 'on behalf of',
    async run(world) {
      const { callWith, granted } = await signedIn(world)
      const token = onBehalfOf({ resource: world.api('graph'), scope: 'read' })
      const found = await callWith(token, 'graph')
      same([found?.sub, (await granted()).length], ['alice', 1])
    },
  },
  {
    item: 'JWT bearer',
    async run(world) {
      const { callWith, granted, client } = await signedIn(world)
      const token = jwtBearer({
        audience: 'ledger',
        assertion: ({ claims }) =>
          signHmac(
            {
              sub: claims.sub,
              aud: client.issuer,
              exp: Math.floor(Date.now() / 1000) + 60,
              jti: crypto.randomUUID(),
            },
            client.secret ?? '',
          ),
      })
      const found = await callWith(token, 'urn:ledger')
      same([found?.sub, (await granted()).length], ['alice', 1])
    },
  },
  {
    item: 'cross-app access',
    async run(world) {
      const { callWith, granted } = await signedIn(world)
      const partner = await world.register({}, world.config.partner)
      const at = { issuer: partner.issuer, clientId: partner.id, clientSecret: partner.secret ?? '' }
      const found = await callWith(
        crossAppAccess({ at, resource: world.api('tickets'), scope: 'read' }),
        'tickets',
      )
      same([found?.sub, found?.client_id], ['alice', partner.id])
      same([await granted(), (await world.requests(partner)).length], [[EXCHANGE], 1])
    },
  },
  {
    item: 'custom token',
    async run(world) {
      const { callWith, client } = await signedIn(world)
      let calls = 0
      const token = customToken('reports', async ({ getUserAccessToken }) => {
        calls++
        const subject = (await getUserAccessToken())?.value ?? ''
        const response = await fetch(`${client.issuer}/token`, {
          method: 'POST',
          headers: { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` },
          body: new URLSearchParams({
            grant_type: EXCHANGE,
            audience: 'reports',
            subject_token: subject,
            subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          }),
        })
        return (await response.json()) as { access_token: string }
      })
      const found = await callWith(token, 'urn:reports')
      same([found?.sub, calls], ['alice', 1])
    },
  },
]
