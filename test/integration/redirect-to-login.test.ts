import type { LoginOptions } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds, origin } from './application.ts'
import { locationOf, NAVIGATION, ofType, pathOf, signIn } from './steps.ts'

const pay: LoginOptions = {
  scope: 'payments',
  resource: ['https://pay.example/', 'https://audit.example/'],
  authorizationDetails: [{ type: 'payment', amount: '12.00' }],
  acrValues: 'phr mfa',
  maxAge: 300,
  prompt: 'consent',
  loginHint: 'ann',
  returnTo: '/pay?order=7',
}

describe.each(kinds)('redirectToLogin, %s session', (session) => {
  it('starts a login with the values of the server side, and completes it', async () => {
    const { auth, server, browser } = createApplication({ session })
    const tab = browser()
    const login = await tab.get('/shop', undefined, undefined, () => auth.redirectToLogin(pay))

    expect(login.status).toBe(302)
    const location = locationOf(login)
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      authorization_details: '[{"type":"payment","amount":"12.00"}]',
      scope: 'openid offline_access payments',
      acr_values: 'phr mfa',
      max_age: '300',
      prompt: 'consent',
      login_hint: 'ann',
    })
    expect(location.searchParams.getAll('resource')).toEqual(pay.resource)

    server.script('token', { type: 'members', set: { authorization_details: pay.authorizationDetails } })
    const response = await server.fetch(location, { redirect: 'manual' })
    const done = await tab.get(pathOf(locationOf(response)))
    expect([done.status, done.headers.get('location')]).toEqual([303, '/pay?order=7'])
    expect((await tab.get('/')).status).toBe(200)
  })

  it('checks what it has asked for, as at the login route', async () => {
    const { auth, server, browser } = createApplication({ session })
    const tab = browser()
    const login = await tab.get('/shop', undefined, undefined, () => auth.redirectToLogin({ maxAge: 60 }))
    const response = await server.fetch(locationOf(login), { redirect: 'manual' })
    server.script('token', { type: 'idToken', claims: { auth_time: 1000 } })
    const done = await tab.get(pathOf(locationOf(response)))
    expect(await done.json()).toMatchObject({ code: 'authorization_response_invalid' })
  })

  it('keeps the session of a user who is signed in', async () => {
    const { server, browser } = createApplication({ session })
    const tab = browser()
    await signIn(tab, server)
    await tab.get('/shop', undefined, undefined, (_request, user) => user.redirectToLogin())
    expect((await tab.get('/')).status).toBe(200)
  })

  it('works with a session that was named, and its commit', async () => {
    const { auth, server } = createApplication({ session })
    const named = auth.session(new Request(`${origin}/shop`))
    const response = await named.commit(await named.redirectToLogin({ returnTo: '/there' }))
    expect(locationOf(response).origin).toBe(server.issuer)
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })
})

describe('redirectToLogin', () => {
  it('starts no login for a request that opens no page', async () => {
    const { auth, browser } = createApplication()
    const headers = { ...NAVIGATION, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }
    const response = await browser().get('/shop', undefined, { headers }, () => auth.redirectToLogin())
    expect([response.status, response.headers.getSetCookie()]).toEqual([400, []])
    expect(await response.json()).toMatchObject({ code: 'navigation_required' })
  })

  it('never leads to another site after the sign-in', async () => {
    const { auth, server, browser } = createApplication()
    const tab = browser()
    const login = await tab.get('/shop', undefined, undefined, () =>
      auth.redirectToLogin({ returnTo: 'https://evil.example/' }),
    )
    const response = await server.fetch(locationOf(login), { redirect: 'manual' })
    expect((await tab.get(pathOf(locationOf(response)))).headers.get('location')).toBe('/')
  })

  it('responds like the login route if the authorization server is down', async () => {
    const { auth, server, browser, events } = createApplication()
    server.always('discovery', { type: 'status', status: 503 })
    const response = await browser().get('/shop', undefined, undefined, () => auth.redirectToLogin())
    expect(await response.json()).toMatchObject({ code: 'authorization_server_unavailable' })
    expect(ofType(events, 'sign_in_failed')).toHaveLength(1)
  })

  it.each([
    [{ returnto: '/' }, 'Unknown option `returnto`. Did you mean `returnTo`?'],
    [{ prompt: 'none login' }, 'Option `prompt` must be a valid `prompt`.'],
    [{ maxAge: -1 }, 'Option `maxAge` must be a valid `max_age`.'],
    [{ parameters: { max_age: '-1' } }, 'Option `parameters.max_age` must be a valid `max_age`.'],
    [{ parameters: { max_age: '1.5' } }, 'Option `parameters.max_age` must be a valid `max_age`.'],
    [{ parameters: { max_age: 'soon' } }, 'Option `parameters.max_age` must be a valid `max_age`.'],
    [{ parameters: { acr_values: ' ' } }, 'Option `parameters.acr_values` must be a valid `acr_values`.'],
    [{ acrValues: '' }, 'Option `acrValues` must be a valid `acr_values`.'],
    [{ loginHint: 'a\r\nb' }, 'Option `loginHint` must be a valid `login_hint`.'],
    [{ scope: 'a  b' }, 'Use tokens separated by single spaces as scope'],
  ])('refuses %j', async (options, message) => {
    const { auth } = createApplication()
    await expect(auth.redirectToLogin(options as LoginOptions)).rejects.toMatchObject({
      code: 'invalid_option',
      message,
    })
  })
})
