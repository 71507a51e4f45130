import { describe, expect, it } from 'vitest'
import {
  type ResourceServerOptions,
  createAuthorizationServer,
  createManualClock,
  createResourceServer,
} from '../src/index.ts'

async function startServers(options: Partial<ResourceServerOptions> = {}) {
  const clock = createManualClock()
  const authorizationServer = createAuthorizationServer({ clock })
  const { access_token } = await authorizationServer.issue({ sub: 'ada', scope: 'read write', expiresIn: 60 })
  const api = createResourceServer({ authorizationServer, ...options })
  const call = (token: string | undefined = access_token, init: RequestInit = {}) =>
    api.fetch(`${api.url}/orders?page=1`, {
      ...init,
      ...(token !== '' && { headers: { authorization: `Bearer ${token}` } }),
    })
  const challengeOf = async (token?: string) => {
    const { status, headers } = await call(token)
    return [status, headers.get('www-authenticate')]
  }
  return { clock, authorizationServer, access_token, api, call, challengeOf }
}

const INVALID = [401, 'Bearer error="invalid_token"']

describe('createResourceServer', () => {
  it('accepts a valid token', async () => {
    const { api, call, access_token } = await startServers()
    const response = await call()
    expect([response.status, await response.json()]).toEqual([200, { sub: 'ada', scope: 'read write' }])
    expect(api.log).toMatchObject([
      {
        at: 1_800_000_000,
        method: 'GET',
        url: 'https://api.example.com/orders?page=1',
        token: access_token,
        active: true,
        sub: 'ada',
        status: 200,
      },
    ])
    expect(api.counts).toEqual({ accepted: 1, rejected: 0 })
  })

  it('responds as the test wants', async () => {
    const { call } = await startServers({
      respond: (request, { sub }) => new Response(`${request.method} by ${sub}`, { status: 201 }),
    })
    const response = await call(undefined, { method: 'DELETE' })
    expect([response.status, await response.text()]).toEqual([201, 'DELETE by ada'])
  })

  it('challenges a request without a token, with an unknown one and with an expired one', async () => {
    const { clock, challengeOf } = await startServers()
    expect(await challengeOf('')).toEqual([401, 'Bearer'])
    expect(await challengeOf('other')).toEqual(INVALID)
    await clock.advance(60_000)
    expect(await challengeOf()).toEqual(INVALID)
  })

  it('rejects the token of a grant that has ended', async () => {
    const { authorizationServer, challengeOf } = await startServers()
    authorizationServer.grants.end('ada')
    expect(await challengeOf()).toEqual(INVALID)
  })

  it('requires its scopes and its resource', async () => {
    const scoped = await startServers({ scope: 'read admin' })
    expect(await scoped.challengeOf()).toEqual([403, 'Bearer error="insufficient_scope", scope="read admin"'])
    expect((await (await startServers({ scope: 'write read' })).call()).status).toBe(200)
    const resource = 'https://api.example.com'
    const bound = await startServers({ resource })
    expect(await bound.challengeOf()).toEqual(INVALID)
    const { access_token } = await bound.authorizationServer.issue({ resource })
    expect((await bound.call(access_token)).status).toBe(200)
  })

  it.each([
    [60, 0, false],
    [59, 0, true],
    [-60, 119_000, true],
    [-60, 120_000, false],
  ])('reads a clock that is %i s ahead', async (clockSkewSeconds, passed, isAccepted) => {
    const { clock, api, call } = await startServers()
    api.clockSkewSeconds = clockSkewSeconds
    await clock.advance(passed)
    expect((await call()).ok).toBe(isAccepted)
    expect(api.log[0]?.at).toBe(1_800_000_000 + passed / 1000 + clockSkewSeconds)
  })

  it.each([
    [
      { type: 'invalid_token', description: 'a "b"' },
      401,
      'error="invalid_token", error_description="a \\"b\\""',
    ],
    [{ type: 'insufficient_scope', scope: 'admin' }, 403, 'error="insufficient_scope", scope="admin"'],
    [
      { type: 'insufficient_user_authentication', acrValues: 'gold', maxAge: 0 },
      401,
      'error="insufficient_user_authentication", acr_values="gold", max_age="0"',
    ],
  ] as const)('challenges a valid token with %o', async (challenge, status, parameters) => {
    const { api, challengeOf } = await startServers()
    api.script([challenge, undefined])
    api.always(({ method }) => (method === 'GET' ? challenge : undefined))
    expect(await challengeOf()).toEqual([status, `Bearer ${parameters}`])
    expect(await challengeOf()).toEqual([200, null])
    expect(await challengeOf()).toEqual([status, `Bearer ${parameters}`])
    expect(api.log[0]).toMatchObject({ active: true, challenge: challenge.type, status })
    api.always(undefined)
    expect(await challengeOf()).toEqual([200, null])
  })

  it('rejects the next tokens, and then accepts them again', async () => {
    const { api, challengeOf } = await startServers()
    api.rejectNext()
    api.rejectNext(1)
    expect([await challengeOf(), await challengeOf()]).toEqual([INVALID, INVALID])
    expect(await challengeOf()).toEqual([200, null])
    expect(api.counts).toEqual({ accepted: 1, rejected: 2 })
    api.resetCounts()
    expect([api.log, api.counts]).toEqual([[], { accepted: 0, rejected: 0 }])
    expect(() => api.rejectNext(-1)).toThrow(/`count` is -1/)
  })

  it('responds with anything', async () => {
    const { api, call } = await startServers()
    api.script({ type: 'response', status: 429, headers: { 'retry-after': '0' }, body: 'slow down' })
    const response = await call()
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
      429,
      '0',
      'slow down',
    ])
  })

  it('rejects requests for other origins and aborted ones, and can keep no log', async () => {
    const { api, call } = await startServers({ keepLog: false })
    await expect(api.fetch('https://elsewhere.example/orders')).rejects.toThrow(TypeError)
    await expect(call(undefined, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/)
    await call()
    expect([api.log, api.counts.accepted]).toEqual([[], 1])
  })

  it('serves over sockets', async () => {
    const { api, access_token } = await startServers()
    const { close } = await api.listen()
    const headers = { authorization: `Bearer ${access_token}` }
    expect((await fetch(`${api.url}/orders`, { headers })).status).toBe(200)
    expect((await fetch(`${api.url}/orders`)).headers.get('www-authenticate')).toBe('Bearer')
    await close()
  })
})
