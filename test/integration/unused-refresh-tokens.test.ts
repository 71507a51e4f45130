import { describe, expect, it } from 'vitest'
import type { EvertokenOptions } from '@evertoken/core'
import type { Fault } from '@evertoken/testkit'
import { type Application, type Browser, createApplication, kinds, type Overrides } from './application.ts'
import { createGate } from './gate.ts'
import { authorize, idle, ofType, pathOf, signIn } from './steps.ts'

/** An application whose token response arrives when the test opens the gate. */
function createSlow(session: (typeof kinds)[number]) {
  const token = createGate()
  const fetch: EvertokenOptions['fetch'] = async (input, init) => {
    const response = await application.server.fetch(input, init)
    if (new Request(input).url.endsWith('/token')) await token.opened
    return response
  }
  const application: Application = createApplication({ session, fetch })
  return { ...application, token }
}

describe.each(kinds)('a refresh token that no session receives, %s session', (session) => {
  it('is not revoked if it arrives late: a revocation could end the grant of the next sign-in', async () => {
    const application = createSlow(session)
    const { browser, server, clock, events, token } = application
    const tab = browser()
    const { callback } = await authorize(tab, server)
    const response = tab.get(pathOf(callback))
    await idle(() => server.counts.token > 0)
    await clock.advance(10_100)
    expect((await response).status).toBe(503)
    token.open()
    await signIn(tab, server)
    await drain(application)
    expect(ofType(events, 'refresh_token_revoked')).toEqual([])
    expect(server.grants.alive('user-1')).toBe(true)
  })

  it.each<[string, Fault]>([
    ['the ID token is invalid', { type: 'idToken', claims: { nonce: 'x' } }],
    ['the access token is not usable', { type: 'members', set: { token_type: 'mac' } }],
  ])('is revoked if %s', async (_why, fault) => {
    const application = createApplication({ session })
    const { browser, server } = application
    const tab = browser()
    const { callback } = await authorize(tab, server)
    server.script('token', fault)
    expect((await tab.get(pathOf(callback))).status).toBeGreaterThanOrEqual(400)
    await drain(application)
    expect(server.grants.alive('user-1')).toBe(false)
  })

  it('is revoked once, because the user can sign in again after that', async () => {
    const application = createApplication({ session, onSignIn: () => false })
    const { browser, server, events } = application
    const tab = browser()
    const { callback } = await authorize(tab, server)
    server.script('revoke', { type: 'status', status: 503 })
    expect((await tab.get(pathOf(callback))).status).toBe(403)
    await drain(application)
    const outcomes = ofType(events, 'refresh_token_revoked').map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['failed'])
  })
})

describe.each(kinds)('a sign-in that fails while the browser keeps a session, %s session', (session) => {
  const refused: Overrides = { onSignIn: (claims) => claims['step'] === undefined && undefined }
  it.each<[string, Fault, Overrides]>([
    ['the ID token is invalid', { type: 'idToken', claims: { nonce: 'x' } }, {}],
    ['the cookie is hidden', { type: 'idToken', claims: { nonce: 'x' } }, { sameSite: 'Strict' }],
    ['the application refuses the user', { type: 'idToken', claims: { step: 1 } }, refused],
  ])('revokes nothing that the session may need: %s', async (_why, fault, options) => {
    const application = createApplication({ session, ...options })
    const { browser, server, events } = application
    const tab = browser()
    await signIn(tab, server)
    const { callback } = await authorize(tab, server)
    server.script('token', fault)
    const hides = options.sameSite === 'Strict'
    const response = await tab.get(pathOf(callback), hides ? loginCookies(tab) : undefined)
    expect(response.status).toBeGreaterThanOrEqual(400)
    await drain(application)
    expect(ofType(events, 'refresh_token_revoked')).toEqual([])
    expect((await tab.get('/')).status).toBe(200)
  })

  it('revokes the token if the user has signed out since', async () => {
    const application = createApplication({ session, revokeOnLogout: false })
    const { auth, browser, server, events } = application
    const tab = browser()
    await signIn(tab, server)
    const { callback } = await authorize(tab, server)
    await tab.get('/', undefined, undefined, async () => {
      await auth.endSession()
      return new Response()
    })
    server.script('token', { type: 'idToken', claims: { nonce: 'x' } })
    expect((await tab.get(pathOf(callback))).status).toBe(400)
    await drain(application)
    expect(ofType(events, 'refresh_token_revoked')).toHaveLength(1)
  })
})

/** The cookies that the browser sends with a request that another site has caused, if that of the session is `Strict`. */
function loginCookies(tab: Browser): string {
  return [...tab.cookies]
    .filter(([name]) => name !== '__Host-Http-evertoken')
    .map((pair) => pair.join('='))
    .join('; ')
}

/** Lets time pass until all work in the background is done. */
async function drain({ auth, clock, events }: Application): Promise<void> {
  let isDone = false
  const done = auth.drain({ timeoutSeconds: 60 }).then(() => (isDone = true))
  for (let i = 0; i < 70 && !isDone; i++) {
    await idle(() => isDone, 30)
    await clock.advance(1000)
  }
  await done
  expect(ofType(events, 'drain_timed_out')).toEqual([])
}
