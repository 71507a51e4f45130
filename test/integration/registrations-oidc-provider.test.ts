import { signInChoices, tenants } from '@evertoken/core/tenants'
import { evertoken, type RegistrationsOptions } from '@evertoken/node'
import { createMemoryStore } from '@evertoken/core'
import { expect, it } from 'vitest'
import { APP_URL, CLIENT_ID, type RealServer, signInAt, startOidcProvider } from './oidc-provider.ts'
import { SECRET } from './registrations.ts'

const SECONDS = 2

/** Starts two real servers, whose access tokens expire soon. */
async function startTwo(path: (name: string) => string): Promise<readonly [RealServer, RealServer]> {
  const start = (name: string) =>
    startOidcProvider(
      { client_secret: `secret-of-${name}`, redirect_uris: [`${APP_URL}/auth/callback${path(name)}`] },
      () => ({
        ttl: {
          AccessToken: SECONDS,
          Grant: 600,
          IdToken: 600,
          Interaction: 600,
          RefreshToken: 600,
          Session: 600,
        },
      }),
    )
  return Promise.all([start('one'), start('two')])
}

const registrationAt = ({ issuer }: RealServer, name: string) => ({
  issuer,
  clientId: CLIENT_ID,
  clientSecret: `secret-of-${name}`,
  scope: 'openid offline_access',
})

function create(
  registrations: RegistrationsOptions['registrations'],
  store: RegistrationsOptions['store'] & object,
) {
  return evertoken({ registrations, encryptionSecret: SECRET, baseUrl: APP_URL, session: 'server', store })
}

it('two choices at two real servers: a burst on expired sessions costs one refresh each, also after a restart', async () => {
  const [one, two] = await startTwo((name) => `/${name}`)
  const registrations = signInChoices({ one: registrationAt(one, 'one'), two: registrationAt(two, 'two') })
  const store = { ...createMemoryStore(), outlivesProcess: true }
  const first = create(registrations, store)
  const browsers = [await signInAt(first, '/auth/login/one'), await signInAt(first, '/auth/login/two')]
  const restarted = create(registrations, store)
  const ids: string[] = []
  for (const { get } of browsers)
    await get('/', async () => {
      const session = await first.getSession()
      ids.push(session?.id ?? '')
      return new Response()
    })
  const expired = Date.now() + SECONDS * 1000
  while (Date.now() <= expired) await new Promise((resolve) => setTimeout(resolve, 20))
  const calls = ids.flatMap((id) =>
    Array.from({ length: 20 }, () => restarted.sessionById(id).getUserAccessToken()),
  )
  const values = (await Promise.all(calls)).map((token) => token?.value)
  expect(new Set(values.slice(0, 20)).size).toBe(1)
  expect(new Set(values.slice(20)).size).toBe(1)
  expect(new Set(values).size).toBe(2)
  const refreshes = [one, two].map(
    ({ forms }) => forms.filter((form) => form.get('grant_type') === 'refresh_token').length,
  )
  expect(refreshes).toEqual([1, 1])
})

it('two tenants at two real servers with one client ID: each request goes to its own server', async () => {
  const [one, two] = await startTwo(() => '')
  let current = 'one'
  const servers = { one, two }
  const auth = create(
    tenants({
      // The address of both is the same here, so a test says which tenant a request is for.
      nameOf: () => current,
      load: (name) => registrationAt(servers[name as 'one' | 'two'], name),
      cacheSeconds: 0.001,
    }),
    createMemoryStore(),
  )
  const { get } = await signInAt(auth)
  const user = () =>
    get('/', async () => Response.json((await auth.getUser()) ?? {})).then(
      (response) => response.json() as Promise<object>,
    )
  expect(await user()).toMatchObject({ sub: 'alice', iss: one.issuer })
  current = 'two'
  expect(await user()).toEqual({})
  const other = await signInAt(auth)
  expect(await (await other.get('/', async () => Response.json(await auth.getUser()))).json()).toMatchObject({
    iss: two.issuer,
  })
  current = 'one'
  expect(await user()).toMatchObject({ iss: one.issuer })
  expect([one.forms.length, two.forms.length]).toEqual([1, 1])
})
