import { jar, jarm, par } from '@evertoken/core/authorization'
import { privateKeyJwt } from '@evertoken/core/credentials'
import type { EvertokenEvent } from '@evertoken/core'
import { evertoken, type Evertoken, type EvertokenOptions } from '@evertoken/node'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { APP_URL, CLIENT_ID, createClientKey, signInAt, startOidcProvider } from './oidc-provider.ts'

const { privateKey, jwk } = await createClientKey('ES256', 'key-1')
const key = { key: privateKey, keyId: 'key-1' }

interface Application {
  readonly auth: Evertoken
  readonly events: EvertokenEvent[]
  readonly issuer: string
  /** The token requests. */
  readonly forms: readonly URLSearchParams[]
}

/** A client of a server that requires these modes, so that a sign-in shows that they are used. */
async function createApplication(modes: Partial<EvertokenOptions>, client: object): Promise<Application> {
  const { issuer, forms } = await startOidcProvider(
    {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
      authorization_signed_response_alg: 'ES256',
      ...client,
    },
    () => ({
      features: { requestObjects: { enabled: true }, jwtResponseModes: { enabled: true } },
      enabledJWA: { authorizationSigningAlgValues: ['ES256'] },
    }),
  )
  const events: EvertokenEvent[] = []
  const auth = evertoken({
    ...modes,
    issuer,
    clientId: CLIENT_ID,
    clientAuthentication: privateKeyJwt(key),
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: APP_URL,
    onEvent: (event) => void events.push(event),
  } as EvertokenOptions)
  return { auth, events, issuer, forms }
}

async function tokenOf({ auth }: Application, user: Awaited<ReturnType<typeof signInAt>>): Promise<unknown> {
  let token: unknown
  await user.get('/', async () => {
    token = (await auth.getUserAccessToken())?.value
    return new Response()
  })
  return token
}

describe('S16: a real authorization server that requires', () => {
  const modes = [
    {
      name: 'PAR',
      value: par(),
      parameter: 'request_uri',
      client: { require_pushed_authorization_requests: true },
    },
    { name: 'JAR', value: jar(key), parameter: 'request', client: { require_signed_request_object: true } },
    {
      name: 'JAR in PAR',
      value: par(jar(key)),
      parameter: 'request_uri',
      client: { require_pushed_authorization_requests: true, require_signed_request_object: true },
    },
  ]
  it.each(modes)(
    '$name signs the user in, and the browser sees no parameter',
    async ({ value, parameter, client }) => {
      const app = await createApplication(
        { authorizationRequest: value, scope: 'openid offline_access' },
        client,
      )
      const user = await signInAt(app.auth, '/auth/login?prompt=login&max_age=60')
      const [url] = user.visited
      expect([...(url?.searchParams.keys() ?? [])].toSorted()).toEqual(['client_id', parameter].toSorted())
      expect(await tokenOf(app, user)).toEqual(expect.any(String))
      const request = url?.searchParams.get('request')
      if (request) {
        expect(decodeProtectedHeader(request)).toEqual({
          alg: 'ES256',
          kid: 'key-1',
          typ: 'oauth-authz-req+jwt',
        })
        const { iat = 0, exp, nbf, ...claims } = decodeJwt(request)
        expect(claims).toMatchObject({ iss: CLIENT_ID, aud: app.issuer, client_id: CLIENT_ID, max_age: 60 })
        expect([nbf, exp]).toEqual([iat, iat + 300])
      }
    },
  )

  it.each(['query.jwt', 'form_post.jwt'] as const)('JARM with %s signs the user in', async (mode) => {
    const app = await createApplication({ responseMode: jarm(mode) }, {})
    const user = await signInAt(app.auth)
    const callback = user.visited.find(({ pathname }) => pathname === '/auth/callback')
    expect([...(callback?.searchParams.keys() ?? [])]).toEqual(mode === 'query.jwt' ? ['response'] : [])
    expect(await tokenOf(app, user)).toEqual(expect.any(String))
  })

  it('all of them signs the user in', async () => {
    const app = await createApplication(
      { authorizationRequest: par(jar(async () => key)), responseMode: jarm('form_post.jwt') },
      { require_pushed_authorization_requests: true, require_signed_request_object: true },
    )
    expect(await tokenOf(app, await signInAt(app.auth))).toEqual(expect.any(String))
  })

  it('JAR keeps the session of a user who signs in again while the key service fails', async () => {
    let isDown = false
    const source = () => {
      if (isDown) throw new Error('canary')
      return key
    }
    const app = await createApplication({ authorizationRequest: jar(source) }, {})
    const user = await signInAt(app.auth)
    isDown = true
    await expect(signInAt(app.auth)).rejects.toThrow('503')
    expect(app.events.at(-1)).toMatchObject({ type: 'sign_in_failed', code: 'key_service_unavailable' })
    expect(JSON.stringify(app.events)).not.toContain('canary')
    expect(await tokenOf(app, user)).toEqual(expect.any(String))
  })

  it('JARM sends no code of a response that the server has not signed', async () => {
    const app = await createApplication({ responseMode: jarm() }, {})
    const user = await signInAt(app.auth)
    const callback = user.visited.find(({ pathname }) => pathname === '/auth/callback')
    const [header, , signature] = (callback?.searchParams.get('response') ?? '').split('.')
    const app404 = async () => new Response(null, { status: 404 })
    const { headers } = await user.get('/auth/login', app404)
    const state = new URL(headers.get('location') ?? '').searchParams.get('state') ?? ''
    const claims = { iss: app.issuer, aud: CLIENT_ID, exp: 4_000_000_000, code: 'c', state }
    const forged = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`
    const sent = app.forms.length
    const plain = String(new URLSearchParams({ code: 'c', state, iss: app.issuer }))
    for (const query of [`response=${forged}`, plain, `response=&${plain}`])
      expect((await user.get(`/auth/callback?${query}`, app404)).status).toBe(400)
    expect(app.forms.length).toBe(sent)
    expect(await tokenOf(app, user)).toEqual(expect.any(String))
  })

  it('another one refuses the request, and the user reads why', async () => {
    const app = await createApplication(
      { authorizationRequest: par() },
      { redirect_uris: ['https://other.example.com/'] },
    )
    await expect(signInAt(app.auth)).rejects.toThrow('500')
    expect(app.events).toMatchObject([{ type: 'sign_in_failed', code: 'client_rejected' }])
    expect(JSON.stringify(app.events)).toMatch(/"error":"invalid_\w+"/)
  })
})
