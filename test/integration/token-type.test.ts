import { EvertokenError } from '@evertoken/core'
import { createClientTokens } from '@evertoken/node/client'
import { createAuthorizationServer, createManualClock } from '@evertoken/testkit'
import { expect, it } from 'vitest'
import { createApplication } from './application.ts'

const MESSAGE = /`token_type` .*bot.*`server\.tokenTypes`/

const navigation = { headers: { 'sec-fetch-mode': 'navigate' } }

it.each([{}, { server: { tokenTypes: ['user'] } }])(
  'a sign-in names a token_type that is not known',
  async (options) => {
    const { server, browser } = createApplication(options, { tokenResponse: { token_type: 'bot' } })
    const tab = browser()
    const login = await tab.get('/auth/login', undefined, navigation)
    const redirect = await server.fetch(login.headers.get('location') ?? '', { redirect: 'manual' })
    const { pathname, search } = new URL(redirect.headers.get('location') ?? '')
    const response = await tab.get(pathname + search)

    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ code: 'token_response_malformed' })
    expect(server.grants.alive('user-1')).toBe(false)
  },
)

it('a token_type of the profile means Bearer', async () => {
  const profile = { tokenTypes: ['Bot'] }
  const { server, clock, browser } = createApplication(
    { server: profile },
    { tokenResponse: { token_type: 'bot' } },
  )
  const tab = browser()
  await tab.signIn()
  await clock.advance(301_000)
  expect(await (await tab.get('/')).text()).toMatch(/^at_/)
  expect(server.counts.refresh).toBe(1)
})

it('startSession names a token_type that is not known', async () => {
  const { auth, server, browser } = createApplication()
  const tokenResponse = { ...(await server.issue()), token_type: 'bot' }
  await browser().get('/', undefined, {}, async () => {
    await expect(auth.startSession(tokenResponse)).rejects.toThrow(MESSAGE)
    return new Response()
  })
})

it.each(['strict', 'tolerant'] as const)(
  'a refresh with an unknown token_type fails with its name and keeps the new refresh token, %s',
  async (reuse) => {
    const { auth, server, clock, browser } = createApplication({ server: { refreshTokenReuse: reuse } })
    const tab = browser(async () => {
      const call = auth.getUserAccessToken()
      const error = await call.catch((each: unknown) => each)
      return Response.json(error instanceof EvertokenError ? [error.name, error.message] : 'token')
    })
    await tab.signIn()
    await clock.advance(301_000)
    server.script('refresh', { type: 'members', set: { token_type: 'bot' } })

    expect(await (await tab.get('/')).json()).toEqual(['ConfigurationError', expect.stringMatching(MESSAGE)])
    await clock.advance(2000)
    expect(await (await tab.get('/')).json()).toBe('token')
    expect(server.maxUses()).toBe(1)
  },
)

it('separates the values of a scope as the profile of the server says', async () => {
  const bodies: string[] = []
  const application = createApplication({
    server: { scopeSeparator: ',' },
    scope: 'openid a b',
    fetch(input, init) {
      if (init?.body instanceof URLSearchParams) bodies.push(init.body.toString())
      return application.server.fetch(input, init)
    },
  })
  const { auth, browser } = application
  const tab = browser(async () => {
    await auth.getUserAccessToken({ scope: 'a b', forceRefresh: true }).catch(() => undefined)
    return new Response()
  })
  const login = await tab.get('/auth/login', undefined, navigation)
  expect(new URL(login.headers.get('location') ?? '').searchParams.get('scope')).toBe('openid,a,b')

  await tab.get('/', undefined, {}, async () => {
    await auth.startSession(await application.server.issue({ scope: 'openid a b' }))
    return new Response()
  })
  await tab.get('/')
  expect(new URLSearchParams(bodies.at(-1)).get('scope')).toBe('a,b')
})

it('client credentials with an unknown token_type report the same cause as a refresh', async () => {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock, tokenResponse: { token_type: 'bot' } })
  const { id, secret } = server.clients[0] ?? { id: '' }
  const client = createClientTokens({
    issuer: server.issuer,
    clientId: id,
    clientSecret: secret,
    fetch: (input, init) => server.fetch(input, init),
    clock,
  })
  const error = await client.getClientAccessToken().catch((each: unknown) => each)
  expect(error).toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringMatching(MESSAGE),
    cause: { reason: 'its `token_type` is "bot" and not Bearer' },
  })
})
