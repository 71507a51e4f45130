import { clientCredentials } from '@evertoken/core/grants'
import type { EvertokenWithClient } from '@evertoken/node'
import { describe, expect, it } from 'vitest'
import { createApplication, kinds } from './application.ts'

const TARGET = 'https://api.example.com/'
const REJECTION = { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }

/** An application with a user and an API. `respond` is the API. */
async function createWorld(session: (typeof kinds)[number], respond: () => unknown = () => undefined) {
  const application = createApplication({ session, client: clientCredentials() })
  const { server, browser } = application
  const auth = application.auth as EvertokenWithClient
  const tab = browser(
    async (request) => (await proxy(request)) ?? call('orders', { method: 'POST', body: 'x' }),
  )
  await tab.signIn()
  /** The subjects of the tokens that the API got. */
  const subjects: unknown[] = []
  const isApplication = (token: string) => server.introspect(token).sub === server.clients[0]?.id
  const fetch = async (_input: unknown, init: RequestInit = {}) => {
    const token = new Headers(init.headers).get('authorization')?.slice('Bearer '.length) ?? ''
    subjects.push(isApplication(token) ? 'application' : 'user')
    const response = await respond()
    return response instanceof Response ? response : new Response()
  }
  const options = { token: 'user-or-client', fetch } as const
  const call = auth.createTokenFetch({ baseUrl: TARGET, ...options })
  const proxy = auth.createTokenProxy({ '/api/*': { target: TARGET, ...options } })
  return { ...application, auth, tab, subjects, call }
}

describe.each(kinds)("token: 'user-or-client' with a %s session", (session) => {
  it.each(['/', '/api/orders'])('%s: never repeats a call of the user as the application', async (path) => {
    const world = await createWorld(session, async () => {
      // The user signs out in another tab, and the API learns of it.
      await tab.post('/auth/logout')
      return new Response(null, REJECTION)
    })
    const { tab, subjects } = world
    const response = await tab.get(path)
    expect([response.status, subjects]).toEqual([401, ['user']])
  })

  it('repeats a call of the application as the application, even if a user has signed in', async () => {
    const world = await createWorld(session, async () => {
      if (subjects.length > 1) return undefined
      await auth.startSession(await server.issue({ sub: 'user-1' }))
      return new Response(null, REJECTION)
    })
    const { auth, server, tab, subjects } = world
    const response = await tab.get('/', '')
    expect([response.status, subjects]).toEqual([200, ['application', 'application']])
  })

  it('does not use the application after the grant of the user was refused', async () => {
    const { server, clock, tab, subjects, call } = await createWorld(session)
    await clock.advance(310_000)
    server.always('refresh', { type: 'error', error: 'invalid_grant' })
    const statuses: number[] = []
    await tab.get('/', undefined, undefined, async () => {
      for (const path of ['one', 'two']) statuses.push((await call(path)).status)
      return new Response()
    })
    expect([statuses, subjects]).toEqual([[401, 401], []])
  })

  it('does not use the application after the user has signed out in the same request', async () => {
    const { auth, tab, subjects, call } = await createWorld(session)
    const response = await tab.get('/', undefined, undefined, async () => {
      await auth.endSession()
      return call('orders')
    })
    expect([response.status, subjects]).toEqual([401, []])
    expect(await response.json()).toMatchObject({ code: 'session_ended' })
  })

  it('uses the application when the cookie of an ended session is cleared, and not before', async () => {
    const { auth, tab, subjects } = await createWorld(session)
    const old = tab.cookieHeader()
    await tab.post('/auth/logout')
    const refused = await tab.get('/', old)
    expect([refused.status, subjects]).toEqual([401, []])
    expect(await refused.json()).toMatchObject({ code: 'session_ended' })

    await tab.get('/', old, undefined, async () => {
      await auth.endSession()
      return new Response()
    })
    expect(tab.cookieHeader()).toBe('')
    const response = await tab.get('/')
    expect([response.status, subjects]).toEqual([200, ['application']])
  })

  it('uses the application if the cookie is rejected', async () => {
    const { tab, subjects } = await createWorld(session)
    const response = await tab.get('/', 'evertoken=forged')
    expect([response.status, subjects]).toEqual([200, ['application']])
  })
})

it('a session that the store has lost has ended, also for a job', async () => {
  const { auth, tab } = await createWorld('server')
  let id = ''
  await tab.get('/', undefined, undefined, async () => {
    id = (await auth.getSession())?.id ?? ''
    return new Response()
  })
  await tab.post('/auth/logout')
  const fetch = () => Promise.reject(new Error('The API must not be called'))
  const options = { baseUrl: TARGET, token: 'user-or-client' as 'user', fetch }
  const response = await auth.sessionById(id).createTokenFetch(options)('orders')
  expect([response.status, await response.json()]).toMatchObject([401, { code: 'session_ended' }])
})

it('fails if the async context of a request is lost, and does not use the application', async () => {
  const { tab, subjects, call, events } = await createWorld('cookie')
  const jobs: (() => void)[] = []
  const worker = setInterval(() => {
    for (const job of jobs.splice(0)) job()
  }, 1)
  let lost: unknown
  await tab.get('/', undefined, undefined, async () => {
    // A queue with its own workers runs the call outside of the request.
    const outside = new Promise<Response>((resolve) => jobs.push(() => resolve(call('orders'))))
    lost = await outside.catch((error: unknown) => error)
    return new Response()
  })
  clearInterval(worker)
  expect([lost, subjects]).toMatchObject([{ code: 'no_current_session' }, []])
  expect(events).toContainEqual({ type: 'programming_error', code: 'no_current_session' })
})
