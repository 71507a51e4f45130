import { setTimeout as sleep } from 'node:timers/promises'
import { clientCredentials, jwtBearer, tokenExchange } from '@evertoken/core/grants'
import { evertoken } from '@evertoken/node'
import { createCookieMap } from '@evertoken/testkit'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OidcProvider, startOidcProvider } from './oidc-provider.mjs'

const BASE_URL = 'https://app.example.com'
const resources = Array.from({ length: 5 }, (_, i) => `https://api-${i}.example.com/`)
let server: OidcProvider

beforeAll(async () => void (server = await startOidcProvider()))
afterAll(() => server.stop())

/** A signed-in user of an application at the real server. */
async function signedIn(expiresIn: number) {
  const auth = evertoken({
    issuer: server.issuer,
    clientId: server.client.id,
    clientSecret: server.client.secret,
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: BASE_URL,
    session: 'server',
  })
  const cookies = createCookieMap({ url: BASE_URL })
  async function inRequest<T>(work: () => Promise<T>): Promise<T> {
    let result: T | undefined
    const headers = { cookie: cookies.header(), 'sec-fetch-site': 'same-origin' }
    const response = await auth.handle(new Request(BASE_URL, { headers }), async () => {
      result = await work()
      return new Response()
    })
    cookies.keep(response)
    return result as T
  }
  const tokens = await server.issue(resources)
  const expiresAt = Date.now() + expiresIn * 1000
  await inRequest(() => auth.startSession({ ...tokens, expires_in: expiresIn }, { claims: { sub: 'alice' } }))
  server.requests.length = 0
  const verifying =
    (audience: (url: URL) => string) =>
    async (input: string | URL | Request, init: RequestInit = {}) => {
      const value = new Headers(init.headers).get('authorization')?.slice('Bearer '.length) ?? ''
      return Response.json(await server.verify(value, audience(new URL(input as string))))
    }
  return { auth, tokens, expiresAt, inRequest, verifying }
}

describe('a real oidc-provider', () => {
  it('five resources × 40 calls on an expired session: five token requests in sequence', async () => {
    const { auth, inRequest, verifying, expiresAt } = await signedIn(1)
    while (Date.now() <= expiresAt) await sleep(50)
    const fetch = verifying(({ origin }) => `${origin}/`)
    const calls = resources.map((resource) => auth.createTokenFetch({ baseUrl: resource, resource, fetch }))
    const audiences = await inRequest(() =>
      Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const response = await calls[i % 5]?.('x')
          const payload = (await response?.json()) as { readonly aud: string } | undefined
          return payload?.aud
        }),
      ),
    )
    expect(audiences).toEqual(audiences.map((_, i) => resources[i % 5]))
    expect(server.requests).toEqual(resources.map(() => ({ concurrent: 1 })))
    // The fifth refresh token works, so each request used the result of the one before.
    const next = await inRequest(() =>
      auth.getUserAccessToken({ resource: resources[0] ?? '', forceRefresh: true }),
    )
    expect([typeof next?.value, server.requests.length]).toEqual(['string', 6])
  })

  it('exchanges a token once for all calls, with and without an actor', async () => {
    const { auth, inRequest, verifying } = await signedIn(300)
    const fetch = verifying(() => 'urn:billing')
    const plain = tokenExchange({ audience: 'billing', scope: 'read' })
    const acting = tokenExchange({ audience: 'billing', scope: 'read', actor: clientCredentials() })
    const [own, delegated] = [plain, acting].map((token) =>
      auth.createTokenFetch({ baseUrl: 'https://billing.example.com/', token, fetch }),
    )
    const payloads = await inRequest(() =>
      Promise.all(Array.from({ length: 20 }, async () => (await own?.('x'))?.json() as Promise<object>)),
    )
    expect(payloads).toMatchObject(payloads.map(() => ({ sub: 'alice', aud: 'urn:billing', scope: 'read' })))
    expect(server.requests.length).toBe(1)
    const payload = await inRequest(async () => (await delegated?.('x'))?.json() as Promise<object>)
    expect(payload).toMatchObject({ sub: 'alice', act: { sub: server.client.id } })
    expect(server.requests.length).toBe(3)
  })

  it('gets a token with a signed JWT', async () => {
    const { auth, inRequest, verifying } = await signedIn(300)
    const key = new TextEncoder().encode(server.client.secret)
    const token = jwtBearer({
      audience: 'ledger',
      assertion: ({ claims }) =>
        new SignJWT({ sub: claims.sub ?? '' })
          .setProtectedHeader({ alg: 'HS256' })
          .setAudience(server.issuer)
          .setExpirationTime('1 min')
          .setJti(crypto.randomUUID())
          .sign(key),
    })
    const ledger = auth.createTokenFetch({
      baseUrl: 'https://ledger.example.com/',
      token,
      fetch: verifying(() => 'urn:ledger'),
    })
    for (let i = 0; i < 2; i++)
      expect(await inRequest(async () => (await ledger('x')).json() as Promise<unknown>)).toMatchObject({
        sub: 'alice',
      })
    expect(server.requests.length).toBe(1)
  })

  it('a refused exchange is a typed error, and the session and its grant are kept', async () => {
    const { auth, inRequest, tokens } = await signedIn(300)
    const token = tokenExchange({ audience: 'forbidden' })
    const failure = await inRequest(() => auth.getUserAccessToken({ token }).catch((error: unknown) => error))
    expect(failure).toMatchObject({
      name: 'ConfigurationError',
      code: 'grant_refused',
      cause: { error: 'invalid_target' },
    })
    expect(await server.isGrantAlive(tokens.refresh_token)).toBe(true)
    expect(await inRequest(() => auth.getUserAccessToken({ forceRefresh: true }))).toBeDefined()
  })
})
