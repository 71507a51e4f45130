import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createMemoryStore, type EvertokenEvent } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { createBrowser, createDialectServer, createShiftableClock } from '@evertoken/testkit'
import type { Case } from './cases.ts'

const BASE_URL = 'https://app.example.com'
const API = 'https://api.example.com/'
const BURST = 20
const YEAR_SECONDS = 31_536_000
const USER = {
  sub: 'user-1',
  claims: { tid: '8f4bd0e5-0000-4000-8000-3f2504e04f89', team: 'T1', login: 'ada', number: 227_615 },
}
const CLIENT = { id: 'web', secret: 'a-client-secret-for-tests-only-0123456789' }

/** Runs the whole life of a grant. Adds each step to `done`, and rejects at the first that fails. */
export async function runLife(subject: Case, done: string[]): Promise<void> {
  const { preset, dialect, interaction, sub = USER.sub, isKept = false } = subject
  const { seconds } = dialect.accessTokens
  const apiHeader = dialect.apiHeader ?? { name: 'authorization', prefix: 'Bearer ' }
  /** An access token that is exchanged for the next one must not have expired. */
  const isExchange = dialect.refreshTokens?.exchange !== undefined
  const neverExpires = seconds === Infinity
  const clock = createShiftableClock()
  const server = createDialectServer(dialect, { client: CLIENT, user: USER, clock, elsewhere: respondAsApi })
  const listening = await server.listen()
  const { model } = server
  const events = new EventEmitter()
  let failure: EvertokenEvent | undefined

  function respondAsApi({ url, headers }: Request): Response {
    if (!url.startsWith(API)) return new Response(null, { status: 404 })
    const value = headers.get(apiHeader.name) ?? ''
    const token = value.startsWith(apiHeader.prefix) ? value.slice(apiHeader.prefix.length) : ''
    return model.introspect(token).active ? new Response('orders') : new Response(null, { status: 401 })
  }

  const auth = evertoken({
    server: preset,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: BASE_URL,
    session: 'server',
    store: createMemoryStore({ clock }),
    idleTimeoutSeconds: YEAR_SECONDS,
    absoluteTimeoutSeconds: 2 * YEAR_SECONDS,
    clock,
    fetch: listening.fetch,
    onEvent(event) {
      if (event.type === 'sign_in_failed') failure = event
      events.emit(event.type, event)
    },
    ...subject.options,
  })
  const orders = auth.createTokenFetch({ baseUrl: API, fetch: listening.fetch })
  const routes: Readonly<Record<string, () => Promise<Response>>> = {
    '/': async () => new Response('home'),
    '/orders': () => orders('orders'),
    '/user': async () => Response.json((await auth.getUser()) ?? null),
    '/revoke': async () => new Response(await auth.revokeRefreshToken()),
  }
  const app = auth.handler(async (request) => routes[new URL(request.url).pathname]?.() ?? new Response())
  const browser = createBrowser({ baseUrl: BASE_URL, clock, authorizationServer: listening.fetch })

  const get = (path: string) => browser.fetch(app, path)
  const user = async () => (await get('/user')).json() as Promise<{ readonly sub?: string } | null>
  const expire = () => neverExpires || clock.advance(isExchange ? Math.ceil(seconds / 2) : seconds + 1)

  async function signIn(): Promise<void> {
    await browser.signIn(app).catch((error: unknown) => {
      throw failure ? new Error(`sign-in: ${JSON.stringify(failure)}`) : error
    })
    assert.equal((await user())?.sub, sub, 'sub of the session')
  }

  async function expectCalled(what: string): Promise<void> {
    const response = await get('/orders')
    assert.equal(response.status, 200, `${what}: ${await response.text()}`)
  }

  async function expectSignInRequired(what: string): Promise<void> {
    const response = await get('/orders')
    const text = await response.text()
    assert.equal(response.status, 401, `${what}: ${text}`)
    assert.equal(JSON.parse(text).action, 'sign_in', `${what}: ${text}`)
  }

  /** Sends many calls with an expired token, which must cause one refresh. */
  async function burst(): Promise<void> {
    model.resetCounts()
    expire()
    const refreshed = once(events, 'token_refreshed')
    const responses = await Promise.all(Array.from({ length: BURST }, () => get('/orders')))
    assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200], 'status of a burst')
    // A token that has not expired is refreshed in the background.
    await refreshed
    assert.equal(model.counts.refresh, 1, 'refreshes of a burst')
  }

  async function rotate(): Promise<string> {
    const before = model.grants.currentRefreshToken(USER.sub)
    await burst()
    return before === model.grants.currentRefreshToken(USER.sub) ? 'same-refresh-token' : 'rotated'
  }

  async function act(refusal: NonNullable<typeof interaction>): Promise<void> {
    expire()
    server.refuseNextRefresh(refusal)
    await expectSignInRequired('the user must act')
    assert.equal((await user())?.sub, sub, 'the session is kept until the user acts')
    await signIn()
  }

  async function die(): Promise<void> {
    model.grants.end(USER.sub)
    expire()
    // The API rejects a token that has not expired, which shows that the grant has ended.
    if (neverExpires || isExchange) await get('/orders')
    await expectSignInRequired('a dead refresh token')
    if (isKept) assert.equal((await user())?.sub, sub, 'the session is kept until the user signs in')
    else assert.equal(await user(), null, 'the session has ended')
  }

  async function revoke(): Promise<string> {
    const outcome = await (await get('/revoke')).text()
    const expected = dialect.endpoints.revoke ? 'revoked' : 'unsupported'
    assert.equal(outcome, dialect.refreshTokens ? expected : 'nothing_to_revoke', 'outcome of a revocation')
    if (outcome === 'revoked') assert.equal(model.grants.alive(USER.sub), false, 'the grant has ended')
    return outcome
  }

  async function signOut(): Promise<void> {
    // The revocation can end after the response.
    const revocation = once(events, 'refresh_token_revoked')
    const response = await browser.fetch(app, '/auth/logout', { method: 'POST', redirect: 'manual' })
    const location = response.headers.get('location') ?? ''
    const { endSession } = dialect.endpoints
    if (endSession) {
      assert.equal(location.split('?')[0], endSession, 'address of the sign-out')
      const left = await listening.fetch(location)
      assert.equal(left.status, 302, `sign-out at the server: ${await left.text()}`)
      assert.ok(left.headers.get('location')?.startsWith(`${BASE_URL}/`), 'the browser returns')
    }
    assert.equal(await user(), null, 'the user is signed out')
    if (!dialect.refreshTokens) return
    await revocation
    if (dialect.endpoints.revoke)
      assert.equal(model.grants.alive(USER.sub), false, 'the sign-out revokes the grant')
  }

  try {
    await signIn()
    done.push('signed-in')
    await expectCalled('first call')
    done.push('called')
    if (dialect.refreshTokens) {
      if (neverExpires) done.push('no-expiry')
      else {
        await burst()
        done.push('burst=1', await rotate())
      }
      if (interaction) {
        await act(interaction)
        done.push('user-must-act')
      }
      await die()
      done.push(isKept ? 'dead=user-must-act' : 'dead=session-ended')
      await signIn()
    } else {
      clock.advance(seconds - 60)
      await expectCalled('the token does not expire')
      done.push('no-expiry')
    }
    done.push(`revoke=${await revoke()}`)
    await signIn()
    await signOut()
    done.push('signed-out')
  } finally {
    await auth.drain()
    await listening.close()
  }
}
