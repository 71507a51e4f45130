import { describe, expect, it } from 'vitest'
import {
  type FakeAuthorizationServer,
  createAuthorizationServer,
  createManualClock,
} from '../../src/index.ts'
import {
  authorize,
  claimsOf,
  exchange,
  post,
  REDIRECT_URI,
  refresh,
  refreshed,
  VERIFIER,
} from './requests.ts'

const encode = (text: string) => encodeURIComponent(text).replaceAll('%20', '+')

const basic = (id: string, password: string) => `Basic ${btoa(`${encode(id)}:${encode(password)}`)}`

function logout(server: FakeAuthorizationServer, query: Record<string, string>) {
  return server.fetch(`${server.issuer}/end_session?${new URLSearchParams(query)}`)
}

describe('authorization endpoint', () => {
  it('S17: sends back the code, the state and the issuer', async () => {
    const server = createAuthorizationServer()
    const sentBack = await authorize(server, { redirect_uri: `${REDIRECT_URI}?tenant=a` })
    expect(Object.fromEntries(sentBack)).toMatchObject({ tenant: 'a', state: 'state-1', iss: server.issuer })
    expect(sentBack.get('code')).toBeTruthy()
  })

  it.each([
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: '' }, 'invalid_request'],
    [{ resource: 'not absolute' }, 'invalid_target'],
  ])('refuses %j with %s', async (more, error) => {
    const sentBack = await authorize(createAuthorizationServer(), more)
    expect(sentBack.get('error')).toBe(error)
    expect(sentBack.has('code')).toBe(false)
    expect(sentBack.get('state')).toBe('state-1')
  })

  it('never redirects to where it should not', async () => {
    const clients = [{ id: 'web', redirectUris: [REDIRECT_URI] }]
    const server = createAuthorizationServer({ clients })
    for (const query of ['client_id=web&redirect_uri=https://evil.example', `redirect_uri=${REDIRECT_URI}`]) {
      const response = await server.fetch(`${server.issuer}/authorize?${query}`)
      expect(response.status).toBe(400)
      expect(response.headers.get('location')).toBeNull()
    }
  })

  it('knows who is signed in', async () => {
    const server = createAuthorizationServer({ user: undefined })
    expect((await authorize(server, { prompt: 'none' })).get('error')).toBe('login_required')
    expect((await authorize(server)).get('error')).toBe('access_denied')
    server.user = { sub: 'ada', claims: { email: 'ada@example.com' } }
    await exchange(server, (await authorize(server, { prompt: 'none' })).get('code'))
    await exchange(server, (await authorize(server, { login_hint: 'bob' })).get('code'))
    expect([server.grants.alive('ada'), server.grants.alive('bob')]).toEqual([true, true])
  })
})

describe('code exchange', () => {
  it('issues an ID token with the claims of the login', async () => {
    const clock = createManualClock(1_700_000_000)
    const server = createAuthorizationServer({
      clock,
      user: { sub: 'ada', claims: { email: 'ada@example.com' } },
    })
    const { code } = Object.fromEntries(await authorize(server, { nonce: 'nonce-1', acr_values: 'mfa pwd' }))
    await clock.advance(5000)
    const tokens = await (await exchange(server, code ?? '')).json()
    const claims = claimsOf(tokens.id_token)
    expect(claims).toMatchObject({
      iss: server.issuer,
      sub: 'ada',
      aud: 'web',
      iat: 1_700_000_005,
      exp: 1_700_003_605,
      auth_time: 1_700_000_000,
      nonce: 'nonce-1',
      acr: 'mfa',
      email: 'ada@example.com',
    })
    expect(claims['sid']).toBe(server.grants.find('ada')?.sid)

    const again = claimsOf((await refreshed(server, tokens.refresh_token))['id_token'])
    expect(again).toMatchObject({ sub: 'ada', sid: claims['sid'], auth_time: 1_700_000_000 })
    expect(again).not.toHaveProperty('nonce')
  })

  it('S7: wants the right verifier', async () => {
    const server = createAuthorizationServer()
    const code = (await authorize(server)).get('code')
    for (const code_verifier of ['', 'short', 'w'.repeat(43)]) {
      expect(await (await exchange(server, code, { code_verifier })).json()).toMatchObject({
        error: 'invalid_grant',
      })
    }
    expect((await exchange(server, code, { code_verifier: VERIFIER })).ok).toBe(true)
  })

  it('takes a code once, and ends the grant at the second try', async () => {
    const server = createAuthorizationServer()
    const code = (await authorize(server)).get('code')
    const responses = await Promise.all([exchange(server, code), exchange(server, code)])
    expect(responses.map(({ status }) => status)).toContain(200)
    expect(responses.map(({ status }) => status)).toContain(400)
    expect(server.grants.endReason('user-1')).toBe('code reuse')
  })

  it('refuses a late code and another redirect URI', async () => {
    const clock = createManualClock()
    const server = createAuthorizationServer({ clock })
    const code = (await authorize(server)).get('code')
    expect((await exchange(server, code, { redirect_uri: `${REDIRECT_URI}/` })).status).toBe(400)
    await clock.advance(60_000)
    expect((await exchange(server, code)).status).toBe(400)
  })
})

describe('client authentication', () => {
  const secret = 'p@ss:wörd+/%'
  const clients = [{ id: 'web:app', secret }, { id: 'spa' }]
  const send = (authorization: string | undefined, form: Record<string, string>) => {
    const server = createAuthorizationServer({ clients })
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'unknown', ...form })
    const headers = authorization === undefined ? {} : { authorization }
    return server.fetch(`${server.issuer}/token`, { method: 'POST', body, headers })
  }

  it.each([
    ['basic, form-encoded', basic('web:app', secret), {}],
    ['post', undefined, { client_id: 'web:app', client_secret: secret }],
    ['none', undefined, { client_id: 'spa' }],
  ])('S1: accepts %s', async (_, authorization, form) => {
    expect(await (await send(authorization, form)).json()).toMatchObject({ error: 'invalid_grant' })
  })

  it.each([
    ['a wrong secret', basic('web:app', 'wrong'), {}],
    ['no secret', undefined, { client_id: 'web:app' }],
    ['a secret where there is none', undefined, { client_id: 'spa', client_secret: '' }],
    ['an unknown client', basic('nobody', secret), {}],
    ['a header without a colon', `Basic ${btoa('web')}`, {}],
    ['a header that is not base64', 'Basic ***', {}],
    ['nothing', undefined, {}],
  ])('S1: refuses %s', async (_, authorization, form) => {
    const response = await send(authorization, form)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic /)
    expect(await response.json()).toMatchObject({ error: 'invalid_client' })
  })

  it('refuses two methods in one request, and repeated parameters', async () => {
    const twice = await send(basic('web:app', secret), { client_secret: secret })
    expect(await twice.json()).toMatchObject({ error: 'invalid_request' })
    const server = createAuthorizationServer()
    const { refresh_token = '' } = await server.issue()
    const repeated = await post(server, '/token', [
      ['grant_type', 'refresh_token'],
      ['refresh_token', refresh_token],
      ['refresh_token', refresh_token],
    ])
    expect(await repeated.json()).toMatchObject({ error: 'invalid_request' })
    expect((await refresh(server, refresh_token)).ok).toBe(true)
  })
})

describe('S5: revocation', () => {
  it('ends one access token, or with a refresh token the whole grant', async () => {
    const server = createAuthorizationServer()
    const first = await server.issue({ sub: 'ada' })
    const second = await refreshed(server, first.refresh_token)
    expect((await post(server, '/revoke', { token: first.access_token })).status).toBe(200)
    expect(server.introspect(first.access_token).active).toBe(false)
    expect(server.introspect(second['access_token'] ?? '').active).toBe(true)
    await post(server, '/revoke', { token: second['refresh_token'] ?? '', token_type_hint: 'refresh_token' })
    expect(server.grants.endReason('ada')).toBe('revocation')
    expect(server.introspect(second['access_token'] ?? '').active).toBe(false)
  })

  it('answers 200 for unknown tokens, 401 for unknown clients', async () => {
    const server = createAuthorizationServer()
    const { refresh_token = '' } = await server.issue({ sub: 'ada' })
    expect((await post(server, '/revoke', { token: 'unknown' })).status).toBe(200)
    expect((await post(server, '/revoke', { token: refresh_token, client_secret: 'wrong' })).status).toBe(401)
    expect(server.grants.alive('ada')).toBe(true)
  })

  it('can be missing', async () => {
    const server = createAuthorizationServer({ metadata: { revocation_endpoint: undefined } })
    const metadata = await (await server.fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
    expect(metadata).not.toHaveProperty('revocation_endpoint')
  })
})

describe('S11: end of session', () => {
  const clients = [{ id: 'web', postLogoutRedirectUris: ['https://app.example.com/bye'] }]

  it('returns to a registered address with the state', async () => {
    const server = createAuthorizationServer({ clients })
    const { id_token = '' } = await server.issue()
    const query = {
      id_token_hint: id_token,
      post_logout_redirect_uri: 'https://app.example.com/bye',
      state: 's',
    }
    expect((await logout(server, query)).headers.get('location')).toBe('https://app.example.com/bye?state=s')
  })

  it('refuses other addresses and foreign ID tokens', async () => {
    const server = createAuthorizationServer({ clients })
    const { id_token = '' } = await createAuthorizationServer({ clients }).issue()
    const evil = { client_id: 'web', post_logout_redirect_uri: 'https://evil.example' }
    expect((await logout(server, evil)).status).toBe(400)
    expect((await logout(server, { id_token_hint: id_token })).status).toBe(400)
    expect((await logout(server, {})).status).toBe(200)
  })
})

it('userinfo wants a live access token', async () => {
  const server = createAuthorizationServer()
  const { access_token } = await server.issue({ sub: 'ada' })
  const ask = (authorization: string) =>
    server.fetch(`${server.issuer}/userinfo`, { headers: { authorization } })
  expect(await (await ask(`Bearer ${access_token}`)).json()).toEqual({ sub: 'ada' })
  server.grants.end('ada')
  expect((await ask(`Bearer ${access_token}`)).headers.get('www-authenticate')).toContain('invalid_token')
})

it('I3: a request for another origin is logged and not sent', async () => {
  const server = createAuthorizationServer()
  const sent = server.fetch('https://elsewhere.example/x', {
    method: 'POST',
    body: new URLSearchParams({ a: 'b' }),
  })
  await expect(sent).rejects.toThrow(TypeError)
  expect(server.log).toMatchObject([{ kind: 'elsewhere', processed: false }])
  expect(server.log[0]?.parameters.get('a')).toBe('b')
  expect((await server.fetch(`${server.issuer}/nowhere`)).status).toBe(404)
})
