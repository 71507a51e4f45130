import { expect, it } from 'vitest'
import { createAuthorizationServer } from '../../../src/mechanisms/protocol/authorization-server.ts'
import {
  clientSecretJwt,
  clientSecretPost,
  none,
  secretInHeader,
} from '../../../src/mechanisms/protocol/client-secret.ts'
import { createFlights } from '../../../src/mechanisms/runtime/flights.ts'
import type { RevocationProfile } from '../../../src/ports/dialect.ts'
import { customRevocation, customTokenRequest } from '../../../src/requests.ts'
import { type BenchOptions, createProtocolBench } from '../protocol-bench.ts'

const REVOKE = 'https://api.example.com/revoke'

/** A grant at a server whose other way to revoke responds with these responses in turn. */
async function grantOf(
  revocation: Omit<RevocationProfile, 'url'> & { readonly url?: string },
  ...responses: readonly Response[]
) {
  return grantWith({ revocation: customRevocation({ url: REVOKE, ...revocation }) }, responses)
}

/** The same at a server with this profile. */
async function grantWith(
  profile: BenchOptions['protocol'],
  responses: readonly Response[] = [],
  serverOptions: BenchOptions['server'] = {},
) {
  const sent: (RequestInit & { readonly url: string })[] = []
  const queue = [...responses]
  const { protocol, server, options } = createProtocolBench({
    protocol: profile ?? {},
    server: serverOptions,
    fetch: (url, init) => {
      if (!url.startsWith('https://api.example.com/')) return undefined
      sent.push({ ...init, url })
      return Promise.resolve(queue.shift() ?? new Response())
    },
  })
  const { refresh_token: refreshToken = '', access_token: accessToken } = await server.issue()
  return { protocol, server, options, sent, refreshToken, accessToken }
}

const bodyOf = (request: RequestInit | undefined) =>
  new URLSearchParams(request?.body as URLSearchParams).toString()
const authorization = (request: RequestInit | undefined) => new Headers(request?.headers).get('authorization')

it('uses the refresh token for an access token, which the server revokes', async () => {
  const { protocol, server, sent, refreshToken } = await grantOf({
    token: 'access_token',
    authentication: 'bearer',
  })
  expect(await protocol.revoke(refreshToken)).toBe('revoked')
  const token = authorization(sent[0])?.replace('Bearer ', '') ?? ''
  expect(server.introspect(token).active).toBe(true)
  expect(sent[0]).toMatchObject({ method: 'POST', url: REVOKE })
  expect(sent[0]?.body).toBeUndefined()
})

it('revokes an access token that it gets without another request', async () => {
  const { protocol, server, sent, accessToken } = await grantOf({ token: 'access_token' })
  expect(await protocol.revoke(accessToken, 'access_token')).toBe('revoked')
  expect(bodyOf(sent[0])).toBe(`access_token=${accessToken}`)
  expect(server.counts.refresh).toBe(0)
})

it('does not use a rotated refresh token again after a failed request', async () => {
  const { protocol, server, sent, refreshToken } = await grantOf(
    { token: 'access_token' },
    new Response(null, { status: 503 }),
  )
  expect(await protocol.revoke(refreshToken)).toBe('failed')
  expect(await protocol.revoke(refreshToken)).toBe('revoked')
  expect(server.counts.refresh).toBe(1)
  expect(sent.map(bodyOf)).toEqual([bodyOf(sent[0]), bodyOf(sent[0])])
  expect(server.grants.alive('user-1')).toBe(true)
})

it('forgets the value of a grant that is revoked, because the server can return its refresh token again', async () => {
  const revocation = customRevocation({ url: REVOKE, token: 'access_token', authentication: 'bearer' })
  const { protocol, server, sent, refreshToken } = await grantWith({ revocation }, [], {
    reuse: 'no-rotation',
  })
  expect(await protocol.revoke(refreshToken)).toBe('revoked')
  expect(await protocol.revoke(refreshToken)).toBe('revoked')
  expect(server.counts.refresh).toBe(2)
  expect(authorization(sent[1])).not.toBe(authorization(sent[0]))
})

it('cannot revoke a grant whose refresh token is refused, because the grant can be alive', async () => {
  const { protocol, server, options, sent, refreshToken } = await grantOf(
    { token: 'access_token' },
    new Response(null, { status: 503 }),
  )
  expect(await protocol.revoke(refreshToken)).toBe('failed')
  const afterRestart = createAuthorizationServer({ ...options, flights: createFlights() })
  expect(await afterRestart.revoke(refreshToken)).toBe('unsupported')
  expect([server.counts.refresh, sent.length]).toEqual([2, 1])
})

it.each([
  ['a method that is set', clientSecretPost('s e:c'), 'encoded', 'web:s+e%3Ac'],
  ['a secret as text', secretInHeader('s e:c', { basicCredentials: 'plain' }), 'plain', 'web:s e:c'],
  ['a function', clientSecretJwt(async () => 's e:c'), 'encoded', 'web:s+e%3Ac'],
  ['no secret', none(), 'encoded', undefined],
] as const)(
  'sends the client secret in the header, with %s',
  async (_how, authentication, basicCredentials, credentials) => {
    const { protocol, server, sent, refreshToken, accessToken } = await grantWith({
      authentication,
      basicCredentials,
      revocation: customRevocation({
        url: REVOKE,
        token: 'access_token',
        authentication: 'client_secret_basic',
      }),
    })
    const outcome = credentials ? 'revoked' : 'unsupported'
    expect(await protocol.revoke(accessToken, 'access_token')).toBe(outcome)
    const headers = sent.map((request) => authorization(request)?.replace('Basic ', ''))
    expect(headers.map((value) => value && atob(value))).toEqual(credentials ? [credentials] : [])
    if (credentials) expect(bodyOf(sent[0])).toBe(`access_token=${accessToken}`)
    if (credentials) return
    // The refresh token was not used for nothing.
    expect(await protocol.revoke(refreshToken)).toBe('unsupported')
    expect(server.counts.refresh).toBe(0)
  },
)

it('fails if the server returns no token to revoke', async () => {
  const { protocol, server, sent, refreshToken } = await grantOf({ token: 'access_token' })
  server.script('refresh', { type: 'status', status: 503 })
  expect(await protocol.revoke(refreshToken)).toBe('failed')
  expect(sent).toEqual([])
})

it('names a grant by another member of the token response, but not an access token', async () => {
  const { protocol, sent, refreshToken, accessToken } = await grantOf({ token: 'scope', parameter: 'grant' })
  expect(await protocol.revoke(refreshToken)).toBe('revoked')
  expect(bodyOf(sent[0])).toMatch(/^grant=openid/)
  expect(await protocol.revoke(accessToken, 'access_token')).toBe('unsupported')
})

it('writes the client ID in the URL, and the parameters as JSON', async () => {
  const { protocol, sent, accessToken } = await grantOf({
    url: 'https://api.example.com/applications/{client_id}/token',
    method: 'DELETE',
    token: 'access_token',
    format: 'json',
    authentication: 'client_secret_basic',
  })
  expect(await protocol.revoke(accessToken, 'access_token')).toBe('revoked')
  expect(sent[0]).toMatchObject({
    method: 'DELETE',
    url: 'https://api.example.com/applications/web/token',
    body: JSON.stringify({ access_token: accessToken }),
  })
  expect(authorization(sent[0])).toMatch(/^Basic /)
})

it.each(['form', 'json'] as const)(
  'sends its own format (%s), and not that of token requests',
  async (format) => {
    for (const tokenRequest of [{ format: 'query' }, { format: 'json' }] as const) {
      const { protocol, sent, accessToken } = await grantWith({
        tokenRequest: customTokenRequest(tokenRequest),
        revocation: customRevocation({ url: REVOKE, token: 'access_token', method: 'DELETE', format }),
      })
      expect(await protocol.revoke(accessToken, 'access_token')).toBe('revoked')
      expect(sent[0]).toMatchObject({ method: 'DELETE', url: REVOKE })
      if (format === 'json') expect(sent[0]?.body).toBe(JSON.stringify({ access_token: accessToken }))
      else expect(bodyOf(sent[0])).toBe(`access_token=${accessToken}`)
    }
  },
)

it('does not change the request of a function', async () => {
  const { protocol, sent, refreshToken } = await grantWith({
    tokenRequest: customTokenRequest({ format: 'query' }),
    dialect: {
      async revoke(token, { send }) {
        await send(REVOKE, { method: 'POST', body: new URLSearchParams({ token }) })
        return 'revoked'
      },
    },
  })
  expect(await protocol.revoke(refreshToken)).toBe('revoked')
  expect(sent[0]).toMatchObject({ method: 'POST', url: REVOKE })
  expect(bodyOf(sent[0])).toBe(`token=${refreshToken}`)
})

it.each([{ ok: false }, { error: 'invalid_token' }])('fails with the status 200 and %j', async (body) => {
  const { protocol, refreshToken } = await grantOf({}, Response.json(body))
  expect(await protocol.revoke(refreshToken)).toBe('failed')
})

it('fails with the status 200 and an error at an endpoint of RFC 7009', async () => {
  const { protocol, server } = createProtocolBench({
    fetch: (url) =>
      url.endsWith('/revoke') ? Promise.resolve(Response.json({ error: 'invalid_code' })) : undefined,
  })
  const { refresh_token = '' } = await server.issue()
  expect(await protocol.revoke(refresh_token)).toBe('failed')
})
