import { describe, expect, it } from 'vitest'
import {
  type Fault,
  createAuthorizationServer,
  createManualClock,
  FAULTS,
  isProcessed,
  pauseAfterProcessing,
  pauseBeforeProcessing,
} from '../../src/index.ts'
import { authorize, claimsOf, exchange, post, refresh, refreshed } from './requests.ts'

async function started(fault?: Fault) {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock })
  const { refresh_token = '' } = await server.issue({ sub: 'ada', scope: 'openid read' })
  if (fault) server.script('refresh', fault)
  return { clock, server, token: refresh_token, send: () => refresh(server, refresh_token) }
}

const text = async (name: string) => (await (await started(fault(name))).send()).text()
const answer = async (scripted: Fault) => (await (await started(scripted)).send()).json()
const fault = (name: string) => FAULTS[name] ?? expect.unreachable(`No fault '${name}'`)

describe.each(Object.entries(FAULTS))('%s', (_, scripted) => {
  it('hits one request, and spends the refresh token if configured', async () => {
    const { server, send } = await started(scripted)
    await send().then(
      (response) => response.body?.cancel(),
      () => undefined,
    )
    expect(server.log[0]).toMatchObject({ fault: scripted.type, processed: isProcessed(scripted) })
    const keeps = scripted.type === 'refreshToken' && !scripted.spend
    expect((await send()).ok).toBe(!isProcessed(scripted) || keeps)
  })
})

describe('status', () => {
  it('responds with only the status', async () => {
    const response = await (await started(fault('400 with nothing'))).send()
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      400,
      null,
      '',
    ])
  })

  it('answers with HTML', async () => {
    const response = await (await started(fault('502 with HTML'))).send()
    expect([response.status, response.headers.get('content-type')]).toEqual([502, 'text/html'])
  })

  it.each([
    ['503 with Retry-After in seconds', '2'],
    ['503 with Retry-After as a date', 'Fri, 15 Jan 2027 08:00:02 GMT'],
    ['429 with a negative Retry-After', '-5'],
    ['429 with Retry-After of a year', '31536000'],
    ['429 with Retry-After of zero', '0'],
    ['429 with a malformed Retry-After', 'soon'],
    ['503 with Retry-After in the past', 'Fri, 15 Jan 2027 07:00:00 GMT'],
  ])('%s', async (name, value) => {
    expect((await (await started(fault(name))).send()).headers.get('retry-after')).toBe(value)
  })
})

it.each([
  ['invalid_client', 401],
  ['invalid_scope', 400],
  ['temporarily_unavailable', 503],
])('answers %s with %i', async (name, status) => {
  const { server, send } = await started(fault(name))
  const response = await send()
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ error: name })
  expect(server.log[0]).toMatchObject({ ok: false, error: name })
  expect(server.grants.alive('ada')).toBe(true)
})

describe('response', () => {
  it('responds with anything', async () => {
    const headers = [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['content-type', 'text/plain'],
    ] as const
    const { send, server } = await started({ type: 'response', status: 418, headers, body: 'tea' })
    const response = await send()
    expect([response.status, await response.text(), response.headers.getSetCookie()]).toEqual([
      418,
      'tea',
      ['a=1', 'b=2'],
    ])
    expect(server.log[0]).toMatchObject({ fault: 'response', processed: false })
    expect((await send()).ok).toBe(true)
  })

  it('has only the headers of the script, and takes effect first if configured', async () => {
    const { send, server } = await started({ type: 'response', body: '{}', processed: true })
    const response = await send()
    expect([response.status, [...response.headers.keys()]]).toEqual([200, ['date']])
    expect(server.log[0]).toMatchObject({ processed: true })
    expect((await send()).ok).toBe(false)
  })
})

it('a reset is the TypeError of a broken connection', async () => {
  const { send, server } = await started(fault('reset after processing'))
  await expect(send()).rejects.toThrow(TypeError)
  expect(server.log[0]?.ok).toBeUndefined()
  await send()
  expect(server.grants.endReason('ada')).toBe('refresh token reuse')
})

describe('redirect', () => {
  it('is returned, refused or followed by the mode of the request', async () => {
    const { server, token } = await started()
    server.always('refresh', fault('307 to another origin'))
    const send = (redirect: RequestRedirect) => refresh(server, token, {}, { init: { redirect } })
    expect((await send('manual')).headers.get('location')).toBe('https://elsewhere.example/token')
    await expect(send('error')).rejects.toThrow(TypeError)
    expect(server.log.map(({ kind }) => kind)).toEqual(['refresh', 'refresh'])
    await expect(send('follow')).rejects.toThrow(TypeError)
    const leak = server.log.find(({ kind }) => kind === 'elsewhere')
    expect(leak?.url.href).toBe('https://elsewhere.example/token')
    expect(leak?.parameters.get('refresh_token')).toBe(token)
  })
})

describe('bodies', () => {
  it('are cut, wrapped, null or empty', async () => {
    const cut = await text('200 with cut JSON')
    expect(cut).toMatch(/^\{"access_token":"/)
    expect(() => JSON.parse(cut)).toThrow(SyntaxError)
    expect(JSON.parse(await text('200 with an array'))).toHaveLength(1)
    expect(await text('200 with null')).toBe('null')
    expect(await text('200 with nothing')).toBe('')
  })

  it('have a key twice', async () => {
    const doubled = await text('200 with duplicate keys')
    expect(doubled.match(/"access_token":/g)).toHaveLength(2)
    expect(JSON.parse(doubled).access_token).toMatch(/^at_/)
  })

  it('have ten megabytes of good JSON', async () => {
    const huge = await text('200 with 10 MB')
    expect(huge.length).toBeGreaterThan(10_000_000)
    expect(JSON.parse(huge)).toHaveProperty('refresh_token')
  })

  it('have another content type', async () => {
    const response = await (await started(fault('200 as text/plain'))).send()
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await response.json()).toHaveProperty('access_token')
  })
})

describe('members', () => {
  it.each([0, -1, '300', 1e15, null, true, [], {}])('expires_in %j', async (expires_in) => {
    expect(await answer({ type: 'members', set: { expires_in } })).toMatchObject({ expires_in })
  })

  it('are left out', async () => {
    expect(await answer(fault('expires_in missing'))).not.toHaveProperty('expires_in')
    expect(await answer(fault('no refresh token'))).not.toHaveProperty('refresh_token')
  })

  it('have refresh tokens of every kind', async () => {
    const { server, token } = await started(fault('the same refresh token'))
    expect((await refreshed(server, token))['refresh_token']).toBe(token)
    server.script('refresh', [fault('an empty refresh token'), fault('a number as refresh token')])
    expect((await refreshed(server, token))['refresh_token']).toBe('')
    expect((await refreshed(server, token))['refresh_token']).toBe(12_345)
    server.script('refresh', { type: 'refreshToken', value: 'none', spend: true })
    await refreshed(server, token)
    expect(await refreshed(server, token)).toMatchObject({ error: 'invalid_grant' })
  })

  it('S2: have a scope that is narrowed for only this access token', async () => {
    const { server, token } = await started(fault('narrowed scope'))
    const narrowed = await refreshed(server, token)
    expect(narrowed['scope']).toBe('openid')
    expect(server.introspect(narrowed['access_token'] ?? '').scope).toBe('openid')
    expect((await refreshed(server, narrowed['refresh_token']))['scope']).toBe('openid read')
  })

  it('S10: have an ID token of another user, validly signed', async () => {
    const { id_token } = await answer(fault('ID token of another subject'))
    expect(claimsOf(id_token)).toMatchObject({ sub: 'somebody-else', aud: 'web' })
    expect((await answer(fault('ID token without a signature'))).id_token).toMatch(/^[\w-]+\.[\w-]+\.$/)
    expect((await answer(fault('malformed ID token'))).id_token).toBe('garbage')
  })
})

describe('silence', () => {
  it('lasts until the release, and nothing is processed before', async () => {
    const { server, token, send } = await started({ type: 'hang' })
    const response = send()
    await expect.poll(() => server.counts.refresh).toBe(1)
    expect(server.grants.currentRefreshToken('ada')).toBe(token)
    await expect.poll(() => (server.release(), server.log[0]?.processed)).toBe(true)
    expect((await response).ok).toBe(true)
  })

  it('ends for a caller that aborts', async () => {
    const { server, token } = await started({ type: 'hang', processed: true })
    const caller = new AbortController()
    const response = refresh(server, token, {}, { init: { signal: caller.signal } })
    await expect.poll(() => server.grants.currentRefreshToken('ada')).not.toBe(token)
    caller.abort(new Error('Gave up'))
    await expect(response).rejects.toThrow('Gave up')
    await expect(refresh(server, token, {}, { init: { signal: caller.signal } })).rejects.toThrow('Gave up')
    expect(server.counts.refresh).toBe(1)
  })

  it('begins in the middle of the body', async () => {
    const { server, token, send } = await started()
    server.script('refresh', { type: 'hangBody' })
    const caller = new AbortController()
    const response = await refresh(server, token, {}, { init: { signal: caller.signal } })
    const reader = response.body?.getReader()
    expect((await reader?.read())?.value?.length).toBeGreaterThan(50)
    const more = reader?.read()
    caller.abort(new Error('Gave up'))
    await expect(more).rejects.toThrow('Gave up')

    const { server: other, token: otherToken } = await started({ type: 'hangBody' })
    const whole = (await refresh(other, otherToken)).json()
    other.release()
    expect(await whole).toHaveProperty('access_token')
    expect((await send()).ok).toBe(false)
  })

  it('trickles one byte a second', async () => {
    const { clock, send } = await started({ type: 'trickle' })
    const response = await send()
    const reader = response.body?.getReader()
    const first = reader?.read()
    await expect.poll(() => clock.pending).toBe(1)
    await clock.advance(1000)
    expect((await first)?.value).toEqual(new TextEncoder().encode('{'))
  })
})

describe('labelled moments', () => {
  it('before processing', async () => {
    const { server, token, send } = await started()
    const pause = pauseBeforeProcessing()
    server.script('refresh', pause)
    const response = send()
    await pause.reached
    expect(server.grants.currentRefreshToken('ada')).toBe(token)
    pause.release()
    expect((await response).ok).toBe(true)
  })

  it('after processing, and then the answer is lost', async () => {
    const { server, token, send } = await started()
    const pause = pauseAfterProcessing({ type: 'reset', processed: true })
    server.script('refresh', pause)
    const response = send()
    await pause.reached
    expect(server.grants.currentRefreshToken('ada')).not.toBe(token)
    pause.release()
    await expect(response).rejects.toThrow(TypeError)
    expect(server.grants.alive('ada')).toBe(true)
  })

  it('after processing, whatever comes next', async () => {
    const { server, token, send } = await started()
    const [first, second] = [
      pauseAfterProcessing(fault('the same refresh token')),
      pauseAfterProcessing(fault('500')),
    ]
    server.script('refresh', [first, second])
    first.release()
    expect((await (await send()).json()).refresh_token).toBe(token)
    second.release()
    expect((await send()).status).toBe(500)
    expect(server.log.map(({ processed }) => processed)).toEqual([true, true])
    expect(server.grants.currentRefreshToken('ada')).not.toBe(token)
  })

  it('a request released after its sender aborted still takes effect', async () => {
    const { server, token } = await started()
    const pause = pauseBeforeProcessing()
    server.script('refresh', pause)
    const caller = new AbortController()
    const response = refresh(server, token, {}, { init: { signal: caller.signal } })
    await pause.reached
    caller.abort(new Error('Gave up'))
    await expect(response).rejects.toThrow('Gave up')
    pause.release()
    await expect.poll(() => server.grants.currentRefreshToken('ada')).not.toBe(token)
  })

  it('a delay runs on the clock of the server', async () => {
    const { clock, server, token, send } = await started({ type: 'delay', ms: 10_000 })
    const response = send()
    await expect.poll(() => clock.pending).toBe(1)
    await clock.advance(9999)
    expect(server.grants.currentRefreshToken('ada')).toBe(token)
    await clock.advance(1)
    expect((await response).ok).toBe(true)
  })
})

describe('scripts', () => {
  it('are consumed in order, before a permanent fault', async () => {
    const { server, token } = await started()
    server.always('refresh', { type: 'status', status: 503 })
    server.script('refresh', [{ type: 'status', status: 500 }, undefined])
    server.script('refresh', ({ parameters }) => ({
      type: 'status',
      status: parameters.get('refresh_token') === token ? 501 : 502,
    }))
    const send = async () => (await refresh(server, token)).status
    expect([await send(), await send(), await send(), await send()]).toEqual([500, 200, 501, 503])
    server.always('refresh', undefined)
    expect(await send()).toBe(400)
  })

  it.each([
    ['discovery', '/.well-known/openid-configuration'],
    ['jwks', '/jwks'],
    ['userinfo', '/userinfo'],
  ] as const)('work for %s', async (kind, path) => {
    const server = createAuthorizationServer()
    server.script(kind, { type: 'status', status: 500 })
    expect((await server.fetch(server.issuer + path)).status).toBe(500)
    expect((await server.fetch(server.issuer + path)).status).not.toBe(500)
    expect(server.counts[kind]).toBe(2)
  })

  it('tell code exchanges from refreshes, and work for revocation', async () => {
    const { server, token } = await started()
    server.script('token', { type: 'status', status: 500 })
    server.script('revoke', { type: 'reset', processed: true })
    expect((await refresh(server, token)).ok).toBe(true)
    const code = (await authorize(server)).get('code')
    expect((await exchange(server, code)).status).toBe(500)
    expect((await exchange(server, code)).status).toBe(200)
    await expect(post(server, '/revoke', { token })).rejects.toThrow(TypeError)
    expect(server.grants.endReason('ada')).toBe('revocation')
  })
})

it('a DPoP nonce is demanded (RFC 9449 §8), and the refresh token not spent', async () => {
  const { server, send } = await started({ type: 'error', error: 'use_dpop_nonce', nonce: 'eyJ7S_zG' })
  const response = await send()
  expect([response.status, response.headers.get('dpop-nonce')]).toEqual([400, 'eyJ7S_zG'])
  expect(await response.json()).toMatchObject({ error: 'use_dpop_nonce' })
  expect((await send()).status).toBe(200)
  expect(server.grants.alive('ada')).toBe(true)
})
