import { describe, expect, it } from 'vitest'
import { randomId } from '../../../src/mechanisms/runtime/digest.ts'
import type { SignInGrant } from '../../../src/ports/authorization-server.ts'
import { failureOf } from '../bench.ts'
import { answering, type BenchOptions, createProtocolBench, NOW } from '../protocol-bench.ts'

/** Signs in at a server with this UserInfo response. */
async function signIn(
  response: () => Response,
  protocol: BenchOptions['protocol'] = {},
): Promise<SignInGrant> {
  const bench = createProtocolBench({ fetch: answering({ '/userinfo': response }), protocol })
  const redirectUri = 'https://app.example.com/auth/callback'
  const transaction = { state: randomId(), nonce: randomId(), codeVerifier: randomId(), redirectUri }
  const url = await bench.protocol.authorize(transaction, new URLSearchParams({ scope: 'openid' }))
  const redirect = await bench.server.fetch(url, { redirect: 'manual' })
  const parameters = new URL(redirect.headers.get('location') ?? '').searchParams
  return bench.protocol.redeem(parameters, transaction, () => {})
}

function accessTokenOf({ access_token: value }: { readonly access_token: string }) {
  return { value, type: 'Bearer', obtainedAt: NOW, expiresAt: NOW + 300 }
}

const withoutIdToken = (userInfo: object) => ({ openid: false, userInfo })

describe('UserInfo at a sign-in', () => {
  it('adds its claims, and the token response has no tokens', async () => {
    const { claims, tokenResponse } = await signIn(() =>
      Response.json({ sub: 'user-1', name: 'Kim', iss: 'https://evil.example', acr: 'high' }),
    )
    expect(claims).toMatchObject({ sub: 'user-1', name: 'Kim' })
    expect(claims).not.toMatchObject({ iss: 'https://evil.example' })
    expect(claims).not.toHaveProperty('acr')
    expect(Object.keys(tokenResponse)).not.toEqual(expect.arrayContaining(['access_token']))
  })

  it('S37: about another user refuses the sign-in', async () => {
    const failure = await failureOf(signIn(() => Response.json({ sub: 'user-2' })))
    expect(failure).toMatchObject({ code: 'authorization_response_invalid', cause: { code: 'SUB_MISMATCH' } })
  })

  it.each<[string, () => Response]>([
    ['is down', () => new Response(null, { status: 503 })],
    ['redirects', () => Response.redirect('https://evil.example/', 302)],
    ['is a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['is a list', () => Response.json([{ sub: 'user-1' }])],
    ['names no user', () => Response.json({ name: 'Kim' })],
    ['has 10 MB', () => Response.json({ sub: 'user-1', name: 'x'.repeat(10_000_000) })],
    ['has 100 KB', () => Response.json({ sub: 'user-1', name: 'x'.repeat(100_000) })],
    ['is nested', () => new Response(`{"sub":"user-1","a":${'['.repeat(9000)}${']'.repeat(9000)}}`)],
    ['is not signed', () => new Response('e30.e30.e30', { headers: { 'content-type': 'application/jwt' } })],
  ])('that %s costs only its claims, or the sign-in if there is no ID token', async (_what, response) => {
    const { claims, userInfoFailure } = await signIn(response)
    expect(claims).toMatchObject({ sub: 'user-1' })
    expect(claims).not.toHaveProperty('name')
    expect(userInfoFailure).toBeDefined()
    const code = expect.stringMatching(/^(?:authorization_server_unavailable|invalid_option)$/) as string
    expect(await failureOf(signIn(response, withoutIdToken({})))).toMatchObject({ code })
  })

  it('identifies the user without an ID token', async () => {
    const claims = ({ id, name }: Record<string, unknown>) => ({ sub: String(id), name, iss: 'ignored' })
    const response = () => Response.json({ id: 7, name: 'Kim' })
    const grant = await signIn(response, withoutIdToken({ claims }))
    expect(grant.claims).toEqual({ sub: '7', name: 'Kim' })
    expect((await signIn(response, { userInfo: false })).claims).not.toHaveProperty('name')
  })

  it('converts an ID that is a number', async () => {
    const response = () => Response.json({ sub: 7 })
    expect((await signIn(response, withoutIdToken({}))).claims).toEqual({ sub: '7' })
  })

  it('is sent as a query, if the profile has one', async () => {
    const requests: (RequestInit | undefined)[] = []
    const { protocol, server } = createProtocolBench({
      protocol: withoutIdToken({
        body: '{"query":"{viewer{id}}"}',
        claims: ({ data }: Readonly<Record<string, unknown>>) => ({ sub: Object(data).viewer.id }),
      }),
      fetch(url, init) {
        if (!url.endsWith('/userinfo')) return undefined
        requests.push(init)
        return Promise.resolve(Response.json({ data: { viewer: { id: 'user-1' } } }))
      },
    })
    const grant = { accessToken: accessTokenOf(await server.issue()) }
    expect((await protocol.addUserInfo(grant, { sub: 'user-1' })).claims).toEqual({ sub: 'user-1' })
    const [request] = requests
    const headers = new Headers(request?.headers)
    expect(request).toMatchObject({ method: 'POST', body: '{"query":"{viewer{id}}"}' })
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('authorization')).toMatch(/^Bearer /)
  })

  it('is not requested if the token response names the user', async () => {
    const response = () => new Response(null, { status: 503 })
    const claims = ({ scope }: Readonly<Record<string, unknown>>) => ({ sub: `of ${scope as string}` })
    const grant = await signIn(response, withoutIdToken({ fromTokenResponse: true, claims }))
    expect(grant.claims).toEqual({ sub: 'of openid' })
  })

  it.each([
    [400, 'client_rejected'],
    [401, 'client_rejected'],
    [403, 'client_rejected'],
    [404, 'client_rejected'],
    [408, 'authorization_server_unavailable'],
    [429, 'authorization_server_unavailable'],
    [500, 'authorization_server_unavailable'],
  ])('that identifies the user and responds with %i fails the sign-in with %s', async (status, code) => {
    const failure = await failureOf(signIn(() => new Response(null, { status }), withoutIdToken({})))
    expect(failure).toMatchObject({ code, cause: { status } })
    if (code === 'client_rejected')
      expect(failure).toMatchObject({ message: expect.stringMatching(/\/userinfo .*`server\.userInfo`/) })
  })

  it.each([{ 'retry-after': '60' }, { 'x-ratelimit-remaining': '0' }])(
    'that limits the rate with status 403 fails the sign-in only for now: %j',
    async (headers) => {
      const response = () => new Response(null, { status: 403, headers })
      const failure = await failureOf(signIn(response, withoutIdToken({})))
      const cause = { status: 403, code: 'RATE_LIMITED' }
      expect(failure).toMatchObject({ code: 'authorization_server_unavailable', cause })
    },
  )

  it.each([{ openid: true }, { openid: false }])(
    'whose conversion fails shows the fault of the application: %j',
    async ({ openid }) => {
      const claims = (): never => {
        throw new TypeError('canary')
      }
      const work = signIn(() => Response.json({ sub: 'user-1' }), { openid, userInfo: { claims } })
      const failure = (await failureOf(work)) as Error
      expect(failure).toMatchObject({ code: 'invalid_option', cause: { name: 'TypeError' } })
      expect(failure.message).toContain('`server.userInfo.claims` threw a TypeError')
      expect(failure.message).not.toContain('canary')
    },
  )
})
