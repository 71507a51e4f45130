import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'
import { NAVIGATION } from './steps.ts'

const LOCAL = 'http://localhost:3000'
const CANARIES = { refreshTokenPrefix: 'canary-rt-', accessTokenPrefix: 'canary-at-' }

describe.each(kinds)('diagnostics, %s session', (session) => {
  async function ask(options = {}, url = LOCAL) {
    const application = createApplication({ session, baseUrl: undefined as never, ...options }, CANARIES)
    const { auth, server } = application
    const started = await auth.handle(new Request(`${url}/`), async () => {
      await auth.startSession(await server.issue(), {
        claims: { sub: 'user-1', email: 'canary@example.com' },
      })
      return new Response()
    })
    const cookie = started.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const application404 = () => new Response('application')
    const get = (headers = {}) =>
      auth.handle(new Request(`${url}/auth/diagnostics`, { headers }), application404)
    return { ...application, get, cookie }
  }

  it('shows the configuration, the server and the session; and nothing secret', async () => {
    const { get, cookie, server } = await ask({
      diagnostics: true,
      secret: ['canary: a secret of thirty-two characters', 'canary: the one before, which opens too'],
      onRefreshed: () => undefined,
    })
    const response = await get({ cookie, ...NAVIGATION })
    const text = await response.text()

    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(JSON.parse(text)).toMatchObject({
      configuration: {
        issuer: server.issuer,
        session,
        secrets: 2,
        clientAuthentication: 'client_secret_basic',
        hooks: ['onRefreshed'],
      },
      authorizationServer: { end_session_endpoint: `${server.issuer}/end_session` },
      session: {
        session: expect.stringMatching(/^.{8}$/),
        refreshToken: expect.stringMatching(/^.{8}$/),
        accessTokens: [{ name: '', fingerprint: expect.stringMatching(/^.{8}$/), scope: 'openid' }],
        claims: ['sub', 'email'],
      },
    })
    expect(text).not.toMatch(/canary|eyJ|e1\*/)
    expect(text).not.toContain(server.clients[0]?.secret)
    for (const value of cookie.split('; ').map((pair) => pair.split('=')[1] ?? ''))
      expect(text).not.toContain(value)
  })

  it.each([{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }, {}])(
    'S21: tells nothing with %j',
    async (headers) => {
      const { get, cookie } = await ask({ diagnostics: true })
      const response = await get({ cookie, ...headers })
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ code: 'cross_site_request_refused' })
    },
  )

  it('works when nobody is signed in and the server is away', async () => {
    const { get, server } = await ask({ diagnostics: true })
    server.always('discovery', { type: 'status', status: 503 })
    expect(await (await get()).json()).toMatchObject({
      authorizationServer: { error: 'authorization_server_unavailable' },
      session: null,
    })
  })

  it.each([
    ['not asked for', {}, LOCAL],
    ['in production', { diagnostics: true }, 'https://app.example.com'],
    ['behind a proxy', { diagnostics: true, baseUrl: 'https://app.example.com' }, LOCAL],
    ['on a name that only looks local', { diagnostics: true }, 'https://localhost.evil.example'],
  ])('is not there when %s', async (_when, options, url) => {
    const { get } = await ask(options, url)
    expect(await (await get()).text()).toBe('application')
  })
})
