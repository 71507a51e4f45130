import { jarm, par } from '@evertoken/core/authorization'
import { createMemoryStore, type EvertokenEvent } from '@evertoken/core'
import { connectOnLoopback } from '@evertoken/core/loopback'
import { createConnections } from '@evertoken/node/connections'
import { createBrowser } from '@evertoken/testkit'
import { expect, it } from 'vitest'
import { formOf, LINK, submitForm, userOf } from './connecting-browser.ts'
import { SECRET } from './connection-owners.ts'
import { APP_URL, CLIENT_ID, startOidcProvider } from './oidc-provider.ts'

const LOOPBACK = 'http://127.0.0.1:8085/callback/calendar'

/** Two processes of an application with a real provider, whose access tokens expire soon. */
async function start(accessTokenSeconds: number, provider: object = {}) {
  const server = await startOidcProvider(
    {
      client_secret: 'secret',
      authorization_signed_response_alg: 'ES256',
      redirect_uris: [`${APP_URL}/connections/callback/calendar`, LOOPBACK],
    },
    () => ({
      enabledJWA: { authorizationSigningAlgValues: ['ES256'] },
      features: { jwtResponseModes: { enabled: true } },
      ttl: {
        AccessToken: accessTokenSeconds,
        Grant: 600,
        IdToken: 600,
        Interaction: 600,
        RefreshToken: 600,
        Session: 600,
      },
    }),
  )
  const events: EvertokenEvent[] = []
  const store = createMemoryStore()
  const startProcess = () =>
    createConnections({
      encryptionSecret: SECRET,
      store,
      baseUrl: APP_URL,
      owner: userOf,
      providers: {
        calendar: {
          issuer: server.issuer,
          clientId: CLIENT_ID,
          clientSecret: 'secret',
          scope: 'openid offline_access',
          ...provider,
        },
      },
      onEvent: (event) => void events.push(event),
    })
  const connections = startProcess()
  const app = async (request: Request) => {
    const { pathname, search } = new URL(request.url)
    return (
      (await connections.route(request)) ??
      new Response(pathname + search, { headers: { 'set-cookie': 'user=ada; Path=/; Secure' } })
    )
  }
  const authorizationServer = (request: Request) => fetch(request, { redirect: 'manual' })
  /** Connects in a new browser, so that the provider does not know the user. */
  const connect = async (scope?: string) => {
    const browser = createBrowser({ baseUrl: APP_URL, authorizationServer })
    await browser.navigate(app, '/')
    const path = connections.get('ada', 'calendar').connectUrl({ returnTo: '/', ...(scope && { scope }) })
    return { browser, page: await (await browser.navigate(app, path, LINK)).text() }
  }
  return { ...server, connections, startProcess, app, authorizationServer, connect, events }
}

const REFRESH_SECONDS = 2

it('lives a whole life at a real provider', async () => {
  const { visitor, forms, connections, startProcess, connect, app, events } = await start(REFRESH_SECONDS)
  const calendar = connections.get('ada', 'calendar')

  visitor.isDeclining = true
  expect((await connect()).page).toBe('/?connection=calendar&outcome=denied')
  visitor.isDeclining = false
  expect((await connect()).page).toBe('/?connection=calendar&outcome=connected')
  expect(await calendar.getState()).toMatchObject({ state: 'active', claims: { sub: 'alice' } })
  const first = (await calendar.getAccessToken())?.value

  // A burst of two processes on the expired token costs one refresh, although the server rotates.
  const expired = Date.now() + REFRESH_SECONDS * 1000
  while (Date.now() <= expired) await new Promise((resolve) => setTimeout(resolve, 20))
  const other = startProcess().get('ada', 'calendar')
  const calls = Array.from({ length: 10 }, () => [calendar.getAccessToken(), other.getAccessToken()]).flat()
  const values = new Set((await Promise.all(calls)).map((token) => token?.value))
  expect([values.size, values.has(first)]).toEqual([1, false])
  expect(forms.filter((form) => form.get('grant_type') === 'refresh_token')).toHaveLength(1)

  visitor.scope = 'openid offline_access api'
  expect(await calendar.missingScope('api')).toBe('api')
  expect((await connect('api')).page).toContain('outcome=connected')
  expect(await calendar.missingScope('api')).toBe('')

  visitor.sub = 'bob'
  expect((await connect()).page).toBe('/?connection=calendar&outcome=account_mismatch')
  expect(await calendar.getState()).toMatchObject({ state: 'active', claims: { sub: 'alice' } })
  expect(await calendar.missingScope('api')).toBe('')

  const { browser } = await connect()
  const response = await browser.fetch(app, '/connections/calendar/disconnect', { method: 'POST' })
  expect(await response.json()).toEqual({ outcome: 'revoked' })
  expect(events.map(({ type }) => type).filter((type) => type.startsWith('connect'))).toEqual([
    'connect_failed',
    'connection_created',
    'connect_failed',
    'connect_failed',
    'connection_removed',
  ])
})

it('sends the request directly to the provider with `par()`', async () => {
  const { connect, connections } = await start(300, { authorizationRequest: par() })
  expect((await connect()).page).toBe('/?connection=calendar&outcome=connected')
  expect(await connections.get('ada', 'calendar').getAccessToken()).toBeDefined()
})

it.each(['query.jwt', 'form_post.jwt'] as const)('connects on loopback with %s', async (mode) => {
  const { connections, authorizationServer } = await start(600, { responseMode: jarm(mode) })
  const connection = connections.get('ada', 'calendar')
  const { url, receive, finished } = await connectOnLoopback(connection, { redirectUri: LOOPBACK })
  const browser = createBrowser({ baseUrl: new URL(LOOPBACK).origin, authorizationServer })
  const response = await browser.navigate(receive, url)
  const form = formOf(await response.clone().text())
  expect(form?.action).toBe(mode === 'query.jwt' ? undefined : LOOPBACK)
  if (form) expect(await submitForm(receive, browser, await response.text())).toContain('close this window')
  expect(response.status).toBe(200)
  await finished
  expect(await connection.getAccessToken()).toBeDefined()
})

it.each(['query.jwt', 'form_post.jwt'] as const)('accepts only a signed response with %s', async (mode) => {
  const { connections, connect, app, events } = await start(600, { responseMode: jarm(mode) })
  const { browser, page } = await connect()
  expect(await submitForm(app, browser, page)).toBe('/?connection=calendar&outcome=connected')
  expect(await connections.get('ada', 'calendar').getAccessToken()).toBeDefined()

  // A response without a signature does not use up the attempt.
  const begun = await browser.navigate(app, '/connections/calendar/connect', { ...LINK, redirect: 'manual' })
  const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? ''
  const unsigned = new URLSearchParams({ state, code: 'stolen' })
  const refused = await browser.navigate(app, `/connections/callback/calendar?${unsigned}`, LINK)
  expect(await refused.text()).toBe('/?connection=calendar&outcome=failed')
  expect(events.filter(({ type }) => type === 'connect_failed')).toMatchObject([
    { code: 'authorization_response_invalid' },
  ])
})
