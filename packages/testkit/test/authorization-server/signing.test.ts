import { createHmac } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { createAuthorizationServer, type FakeAuthorizationServer } from '../../src/index.ts'
import { authorize, claimsOf, exchange, refreshed, REDIRECT_URI, CHALLENGE } from './requests.ts'

/** An independent library verifies the signature of the ID token. */
async function verify(server: FakeAuthorizationServer): Promise<void> {
  const issuer = new URL(server.issuer)
  const options = { [oauth.customFetch]: (url: string) => server.fetch(url) }
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
  const response = Response.json({ ...(await server.issue()), token_type: 'bearer' })
  const client = { client_id: 'web' }
  await oauth.processAuthorizationCodeResponse(as, client, response)
  await oauth.validateApplicationLevelSignature(as, response, options)
}

async function idToken(server: FakeAuthorizationServer, more?: Record<string, string>): Promise<string> {
  const { code } = Object.fromEntries(await authorize(server, more))
  const { id_token } = (await (await exchange(server, code ?? '')).json()) as { readonly id_token: string }
  return id_token
}

function headerOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
}

async function keysOf(server: FakeAuthorizationServer): Promise<Record<string, unknown>[]> {
  return (await (await server.fetch(`${server.issuer}/jwks`)).json()).keys
}

describe('signatures of the model server', () => {
  it.each(['ES256', 'ES384', 'RS256', 'PS256'] as const)('signs with %s', async (idTokenAlgorithm) => {
    await expect(verify(createAuthorizationServer({ idTokenAlgorithm }))).resolves.toBeUndefined()
  })

  it('signs with Ed25519', async () => {
    const server = createAuthorizationServer({ idTokenAlgorithm: 'EdDSA' })
    expect(headerOf(await idToken(server))).toMatchObject({ alg: 'EdDSA' })
    await expect(verify(server)).resolves.toBeUndefined()
  })

  it('signs with the secret of the client', async () => {
    const server = createAuthorizationServer({ idTokenAlgorithm: 'HS256' })
    const [header, claims, signature] = (await idToken(server)).split('.')
    const mac = createHmac('sha256', 'web-secret-for-tests-only').update(`${header}.${claims}`)
    expect(signature).toBe(mac.digest('base64url'))
    expect(await keysOf(server)).toEqual([])
  })

  it('publishes a key for each algorithm, and signs with the one that a fault names', async () => {
    const server = createAuthorizationServer({ idTokenAlgorithm: ['RS256', 'ES256'] })
    server.script('token', { type: 'idToken', algorithm: 'ES256' })
    expect(headerOf(await idToken(server))).toMatchObject({ alg: 'ES256', kid: 'key-1-ES256' })
    expect(headerOf(await idToken(server))).toMatchObject({ alg: 'RS256', kid: 'key-1' })
    expect((await keysOf(server)).map(({ kid }) => kid)).toEqual(['key-1', 'key-1-ES256'])
  })

  it('publishes the keys that the option chooses', async () => {
    const server = createAuthorizationServer({
      keySet: (keys) => [{ kty: 'unknown' }, ...keys.map((key) => ({ ...key, alg: undefined }))],
    })
    const [first, second] = await keysOf(server)
    expect(first).toEqual({ kty: 'unknown' })
    expect(second).toMatchObject({ kty: 'EC', kid: 'key-1' })
    expect(second).not.toHaveProperty('alg')
  })

  it('breaks a signature, changes claims by a function and removes a member of the header', async () => {
    const server = createAuthorizationServer()
    server.always('token', {
      type: 'idToken',
      claims: (correct) => ({ ...correct, iat: undefined, iss: `${String(correct['iss'])}1` }),
      header: { kid: undefined },
    })
    const changed = await idToken(server)
    expect(claimsOf(changed)).toMatchObject({ iss: `${server.issuer}1`, sub: 'user-1' })
    expect(claimsOf(changed)).not.toHaveProperty('iat')
    expect(headerOf(changed)).toEqual({ alg: 'ES256', typ: 'JWT' })
    server.always('token', undefined)
    await expect(verify(server)).resolves.toBeUndefined()
  })

  it('signs UserInfo responses', async () => {
    const server = createAuthorizationServer({ userInfoAlgorithm: 'RS256', idTokenAlgorithm: 'RS256' })
    const { access_token } = await server.issue()
    const headers = { authorization: `Bearer ${access_token}` }
    const response = await server.fetch(`${server.issuer}/userinfo`, { headers })
    expect(response.headers.get('content-type')).toBe('application/jwt')
    expect(claimsOf(await response.text())).toMatchObject({ sub: 'user-1', iss: server.issuer, aud: 'web' })
  })
})

describe('shapes of the model server', () => {
  it('changes and removes members of every token response', async () => {
    const server = createAuthorizationServer({ tokenResponse: { expires_in: undefined, extra: 1 } })
    const { refresh_token } = await server.issue()
    const response = await refreshed(server, refresh_token)
    expect(response).toMatchObject({ extra: 1, token_type: 'Bearer' })
    expect(response).not.toHaveProperty('expires_in')
  })

  it('has its endpoints at other paths', async () => {
    const server = createAuthorizationServer({ paths: { jwks: '/keys-7' } })
    const status = async (path: string) => (await server.fetch(server.issuer + path)).status
    expect([await status('/keys-7'), await status('/jwks')]).toEqual([200, 404])
    const metadata = await server.fetch(`${server.issuer}/.well-known/openid-configuration`)
    expect(await metadata.json()).toMatchObject({ jwks_uri: `${server.issuer}/keys-7` })
  })

  it('keeps the path of its issuer when it listens', async () => {
    const server = createAuthorizationServer({ issuer: 'https://login.example.com/' })
    const { url, close } = await server.listen()
    expect(server.issuer).toBe(`${url}/`)
    expect((await fetch(`${url}/jwks`)).status).toBe(200)
    await close()
  })

  it('sends `iss` only if its metadata promises that', async () => {
    const metadata = { authorization_response_iss_parameter_supported: undefined }
    expect((await authorize(createAuthorizationServer())).get('iss')).not.toBeNull()
    expect((await authorize(createAuthorizationServer({ metadata }))).get('iss')).toBeNull()
  })

  it('changes the parameters with which the browser returns', async () => {
    const server = createAuthorizationServer()
    server.script('authorize', ({ parameters }) => ({
      type: 'parameters',
      set: { state: `${parameters.get('state')}!` },
      omit: ['code'],
    }))
    const returned = await authorize(server)
    expect(returned.get('state')).toBe('state-1!')
    expect(returned.has('code')).toBe(false)
  })

  it('posts its response with a form', async () => {
    const server = createAuthorizationServer()
    const query = new URLSearchParams({
      client_id: 'web',
      response_type: 'code',
      response_mode: 'form_post',
      redirect_uri: REDIRECT_URI,
      state: '"<&',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
    })
    const response = await server.fetch(`${server.issuer}/authorize?${query}`)
    const html = await response.text()
    expect(response.status).toBe(200)
    expect(html).toContain(`<form method="post" action="${REDIRECT_URI}">`)
    expect(html).toContain('name="state" value="&quot;&lt;&amp;"')
    expect(html).toMatch(/name="code" value="code_[\w-]+"/)
  })
})
