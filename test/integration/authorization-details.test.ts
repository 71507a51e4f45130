import type { AccessToken, AuthorizationDetail, EvertokenEvent, TokenOptions } from '@evertoken/core'
import { jar, par } from '@evertoken/core/authorization'
import { evertoken, type EvertokenOptions } from '@evertoken/node'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'
import {
  APP_URL,
  CLIENT_ID,
  createClientKey,
  type RealServer,
  signInAt,
  startOidcProvider,
} from './oidc-provider.ts'
import { locationOf, pathOf, signIn } from './steps.ts'

const API = 'urn:example:api'
const PAYMENT = { type: 'payment_initiation', amount: '12.00' }
const ACCOUNT = { type: 'account_information', actions: ['list_accounts'] }
const { privateKey, jwk } = await createClientKey('ES256', 'key-1')

interface GrantContext {
  readonly oidc: { readonly params: { readonly authorization_details?: string } }
}

/** An `oidc-provider` that grants all requested details, and reduces them if a token request names some. */
function startServer(client: object = {}): Promise<RealServer> {
  const requested = ({ oidc }: GrantContext): AuthorizationDetail[] =>
    JSON.parse(oidc.params.authorization_details ?? '[]') as AuthorizationDetail[]
  const type = { validate() {} }
  return startOidcProvider(
    {
      client_secret: 'a secret of the client',
      jwks: { keys: [jwk] },
      request_object_signing_alg: 'ES256',
      authorization_details_types: [PAYMENT.type, ACCOUNT.type],
      ...client,
    },
    () => ({
      features: {
        pushedAuthorizationRequests: { enabled: true },
        requestObjects: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => API,
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({
            scope: 'api',
            audience: API,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
        richAuthorizationRequests: {
          enabled: true,
          types: { [PAYMENT.type]: type, [ACCOUNT.type]: type },
          authorizationDetailsForGrantSource: requested,
          authorizationDetailsForAccessToken(
            context: GrantContext,
            _token: object,
            { rar = [] }: { rar?: AuthorizationDetail[] } = {},
          ) {
            const wanted = requested(context).map(({ type: each }) => each)
            return wanted.length > 0 ? rar.filter((each) => wanted.includes(each.type)) : rar
          },
        },
      },
    }),
  )
}

describe('authorizationDetails at an oidc-provider', () => {
  const key = { key: privateKey, keyId: 'key-1' }
  it.each([
    ['in the URL', undefined, {}],
    ['with PAR', par(), { require_pushed_authorization_requests: true }],
    ['with JAR', jar(key), { require_signed_request_object: true }],
    ['with both', par(jar(key)), { require_signed_request_object: true }],
  ])(
    'RFC 9396 §7: are requested %s, granted, and kept by refreshes',
    async (_how, authorizationRequest, client) => {
      const { issuer, forms } = await startServer(client)
      const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
      const options = {
        issuer,
        clientId: CLIENT_ID,
        clientSecret: 'a secret of the client',
        encryptionSecret: 'a secret of thirty-two characters',
        baseUrl: APP_URL,
        scope: 'openid offline_access',
        authorizationDetails: [PAYMENT, ACCOUNT],
        ...(authorizationRequest && { authorizationRequest }),
      }
      const auth = evertoken(options as EvertokenOptions)
      expect(await auth.check()).toEqual([])
      const user = await signInAt(auth)
      await user.get('/', async () => {
        const first = await auth.getUserAccessToken()
        expect(first?.authorizationDetails).toEqual([PAYMENT, ACCOUNT])
        const next = await auth.getUserAccessToken({ forceRefresh: true })
        expect(next?.value).not.toBe(first?.value)
        expect(next?.authorizationDetails).toEqual([PAYMENT, ACCOUNT])
        // One call can request less, and has its own token.
        const parameters = { authorization_details: JSON.stringify([PAYMENT]) }
        const one = await auth.getUserAccessToken({ parameters })
        expect(one?.authorizationDetails).toEqual([PAYMENT])
        // An API reads the details of the token, which it verifies.
        const { payload } = await jwtVerify(one?.value ?? '', keys, { issuer, audience: API })
        expect(payload['authorization_details']).toEqual([PAYMENT])
        expect((await auth.getUserAccessToken({ parameters }))?.value).toBe(one?.value)
        // The details can contain personal data, and are not printed.
        expect(JSON.stringify(one)).not.toContain('12.00')
        return new Response()
      })
      const tokenForms = forms.filter((form) => form.has('grant_type'))
      expect(tokenForms.map((form) => form.get('grant_type'))).toEqual([
        'authorization_code',
        'refresh_token',
        'refresh_token',
      ])
      expect(tokenForms.at(-1)?.get('authorization_details')).toBe(JSON.stringify([PAYMENT]))
    },
  )
})

describe.each(kinds)('authorizationDetails, %s session', (session) => {
  /** A signed-in user who starts a payment, and the response of the server to it. */
  async function pay(granted: unknown) {
    const application = createApplication({ session })
    const { auth, server, browser } = application
    const tab = browser()
    await signIn(tab, server)
    const options = { authorizationDetails: [PAYMENT, ACCOUNT], returnTo: '/pay' }
    const login = await tab.get('/shop', undefined, undefined, () => auth.redirectToLogin(options))
    const back = await server.fetch(locationOf(login), { redirect: 'manual' })
    server.script('token', { type: 'members', set: { authorization_details: granted } })
    const done = await tab.get(pathOf(locationOf(back)))
    return { ...application, tab, done }
  }

  it.each([[undefined], [null], [[]], [[PAYMENT]], ['[]'], [[PAYMENT, { type: 7 }]], [{ ...ACCOUNT }]])(
    'a sign-in that grants %j fails, and the session from before is kept',
    async (granted) => {
      const { auth, tab, done, events, server } = await pay(granted)
      expect(await done.json()).toMatchObject({ code: 'access_denied' })
      expect(events.filter(({ type }: EvertokenEvent) => type === 'sign_in_failed')).toMatchObject([
        { code: 'access_denied' },
      ])
      let token: AccessToken | undefined
      await tab.get('/', undefined, undefined, async () => {
        token = await auth.getUserAccessToken({ forceRefresh: true })
        return new Response()
      })
      expect([token?.type, server.counts.refresh]).toEqual(['Bearer', 1])
    },
  )

  it('the server can complete or add details', async () => {
    const granted = [{ ...PAYMENT, creditor: 'ann' }, ACCOUNT, { type: 'other' }]
    const { tab, done, auth } = await pay(granted)
    expect([done.status, done.headers.get('location')]).toEqual([303, '/pay'])
    let token: AccessToken | undefined
    await tab.get('/', undefined, undefined, async () => {
      token = await auth.getUserAccessToken()
      return new Response()
    })
    expect(token?.authorizationDetails).toEqual(granted)
  })

  it('a call that names a type that is not granted is a typed error, and loses nothing', async () => {
    const { auth, server, browser, clock } = createApplication({ session })
    const tab = browser()
    await signIn(tab, server)
    const obtain = async (request?: TokenOptions) => {
      let result: unknown
      await tab.get('/', undefined, undefined, async () => {
        result = await auth.getUserAccessToken(request).catch((error: unknown) => error)
        return new Response()
      })
      return result
    }
    const wanted = { parameters: { authorization_details: JSON.stringify([PAYMENT]) } }
    server.script('refresh', { type: 'members', set: { authorization_details: [ACCOUNT] } })
    for (let i = 0; i < 2; i++)
      expect(await obtain(wanted)).toMatchObject({
        name: 'ConfigurationError',
        code: 'authorization_details_not_granted',
      })
    expect(server.counts.refresh).toBe(1)
    // The new refresh token is used for other requests, and for this one after the pause.
    expect(await obtain({ forceRefresh: true })).toMatchObject({ type: 'Bearer' })
    await clock.advance(2000)
    server.script('refresh', { type: 'members', set: { authorization_details: [PAYMENT] } })
    expect(await obtain(wanted)).toMatchObject({ authorizationDetails: [PAYMENT] })
    expect([server.counts.refresh, server.maxUses()]).toEqual([3, 1])
    // A response without details means that they have not changed. One that reduces them has no token.
    await clock.advance(301_000)
    expect(await obtain(wanted)).toMatchObject({ authorizationDetails: [PAYMENT] })
    expect([server.counts.refresh, server.maxUses()]).toEqual([4, 1])
    await clock.advance(301_000)
    server.script('refresh', { type: 'members', set: { authorization_details: [] } })
    expect(await obtain(wanted)).toMatchObject({ code: 'authorization_details_not_granted' })
  })
})

it('a link cannot request details', () => {
  expect(() => createApplication({ forwardLoginParameters: ['authorization_details'] })).toThrow(
    'forwardLoginParameters',
  )
})

it.each([{}, [], [{}], [{ type: '' }], ['payment'], [{ type: 'a', amount: 1n }]])(
  'refuses %s as an option, and in redirectToLogin',
  async (authorizationDetails) => {
    const message = 'Option `authorizationDetails` must be a list of objects that have a `type` each.'
    expect(() => createApplication({ authorizationDetails } as object)).toThrow(message)
    const { auth, browser } = createApplication()
    let error: unknown
    await browser().get('/', undefined, undefined, async () => {
      error = await auth
        .redirectToLogin({ authorizationDetails } as object)
        .catch((thrown: unknown) => thrown)
      return new Response()
    })
    expect(error).toMatchObject({ code: 'invalid_option', message })
  },
)

it('check() compares the types with the metadata', async () => {
  const find = async (types?: string[]) => {
    const metadata = types === undefined ? {} : { authorization_details_types_supported: types }
    const { auth } = createApplication({ authorizationDetails: [PAYMENT, ACCOUNT] }, { metadata })
    return auth.check()
  }
  expect(await find()).toEqual([])
  expect(await find([PAYMENT.type, ACCOUNT.type])).toEqual([])
  expect(await find([PAYMENT.type])).toMatchObject([
    {
      code: 'authorization_details_unsupported',
      severity: 'error',
      message: expect.stringContaining(`'${ACCOUNT.type}'`) as string,
    },
  ])
})
