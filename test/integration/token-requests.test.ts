import { describe, expect, it } from 'vitest'
import type { TokenOptions } from '@evertoken/core'
import { createApplication, kinds } from './application.ts'

const API = 'https://api.example.com/'
const SCOPE = 'openid read write'
const resources = Array.from({ length: 5 }, (_, i) => `https://api-${i}.example.com/`)

/** A signed-in user, and a function that runs code in one request of their browser. */
async function signedIn(session: (typeof kinds)[number], options: object = {}) {
  const application = createApplication({ session, ...options })
  const { auth, server, browser } = application
  const tab = browser()
  async function inRequest<T>(work: () => Promise<T>): Promise<T> {
    let result: T | undefined
    await tab.get('/', undefined, undefined, async () => {
      result = await work()
      return new Response()
    })
    return result as T
  }
  const tokens = await server.issue({ scope: SCOPE, expiresIn: 300 })
  await inRequest(() => auth.startSession(tokens, { claims: { sub: 'user-1' } }))
  const valueOf = (request?: TokenOptions) =>
    inRequest(async () => (await auth.getUserAccessToken(request))?.value ?? 'none')
  return { ...application, tab, inRequest, valueOf, refreshes: () => server.counts.refresh }
}

describe.each(kinds)('requests for tokens, %s session', (session) => {
  it('five resources × 40 calls on an expired session: five requests in sequence, each on a new refresh token', async () => {
    let [running, most] = [0, 0]
    const { auth, server, clock, inRequest } = await signedIn(session, {
      fetch: async (input: string, init?: RequestInit) => {
        if (init?.method !== 'POST') return server.fetch(input, init)
        most = Math.max(most, (running += 1))
        try {
          return await server.fetch(input, init)
        } finally {
          running--
        }
      },
    })
    await clock.advance(301_000)
    const audiences = await inRequest(() => {
      const fetch = async (_input: unknown, init: RequestInit = {}) => {
        const token = new Headers(init.headers).get('authorization')?.slice('Bearer '.length) ?? ''
        return Response.json(server.introspect(token).aud)
      }
      const calls = resources.map((resource) => auth.createTokenFetch({ baseUrl: API, resource, fetch }))
      return Promise.all(
        Array.from({ length: 200 }, async (_, i) => (await calls[i % 5]?.('x'))?.json() as Promise<unknown>),
      )
    })
    expect(audiences).toEqual(audiences.map((_, i) => [resources[i % 5]]))
    expect([server.counts.refresh, server.maxUses(), most]).toEqual([5, 1, 1])
    expect(server.grants.alive('user-1')).toBe(true)
  })

  it('a token with more scope is used for a request with less, and not the other way round', async () => {
    const { valueOf, refreshes } = await signedIn(session)
    const ofSignIn = await valueOf()
    expect([await valueOf({ scope: 'write read' }), refreshes()]).toEqual([ofSignIn, 0])
    const one = await valueOf({ scope: 'read', resource: API })
    expect([one === ofSignIn, refreshes()]).toEqual([false, 1])
    const two = await valueOf({ scope: 'read write', resource: API })
    expect([two === one, refreshes()]).toEqual([false, 2])
    expect([await valueOf({ scope: 'write', resource: API }), refreshes()]).toEqual([two, 2])
    expect([await valueOf({ scope: 'read', resource: API }), refreshes()]).toEqual([one, 2])
  })

  it('a rejected token with more scope is replaced by one with exactly the scope', async () => {
    const { auth, inRequest, refreshes } = await signedIn(session)
    const scope = 'read'
    await inRequest(async () => {
      const rejectedToken = await auth.getUserAccessToken({ scope })
      const next = await auth.getUserAccessToken({ scope, rejectedToken })
      expect([next?.value === rejectedToken?.value, next?.scope, refreshes()]).toEqual([false, scope, 1])
    })
  })

  it('`minValiditySeconds` refreshes a token that expires too soon, once for all calls', async () => {
    const { valueOf, refreshes, clock } = await signedIn(session)
    await clock.advance(100_000)
    const first = await valueOf({ minValiditySeconds: 190 })
    expect(refreshes()).toBe(0)
    const values = await Promise.all([1, 2, 3].map(() => valueOf({ minValiditySeconds: 210 })))
    expect([new Set(values).size, values.includes(first), refreshes()]).toEqual([1, false, 1])
    // No token is valid for so long, so that three quarters of the lifetime are enough.
    await valueOf({ minValiditySeconds: 9999 })
    expect(refreshes()).toBe(1)
  })

  it('`minValiditySeconds` of a token fetch fails if no such token is available', async () => {
    const { auth, inRequest, server, clock } = await signedIn(session)
    await clock.advance(100_000)
    server.always('refresh', { type: 'error', error: 'temporarily_unavailable', status: 503 })
    const options = { baseUrl: API, throwTokenErrors: true, fetch: async () => new Response() }
    const outcomes = await inRequest(() =>
      Promise.all(
        [150, 250].map((minValiditySeconds) =>
          auth
            .createTokenFetch({ ...options, minValiditySeconds })('x')
            .then(
              ({ status }) => status,
              ({ name }: Error) => name,
            ),
        ),
      ),
    )
    expect(outcomes).toEqual([200, 'TryLaterError'])
  })

  it('`forceRefresh` replaces a valid token, and joins a refresh in progress', async () => {
    const { valueOf, refreshes } = await signedIn(session)
    const first = await valueOf()
    const values = await Promise.all([1, 2, 3].map(() => valueOf({ forceRefresh: true })))
    expect([new Set(values).size, values.includes(first), refreshes()]).toEqual([1, false, 1])
    expect([await valueOf(), refreshes()]).toEqual([values[0], 1])
    const ofScope = await valueOf({ forceRefresh: true, scope: 'read' })
    expect([ofScope === values[0], refreshes()]).toEqual([false, 2])
  })

  it('`audience` has a token of its own, and is sent to the server', async () => {
    const { valueOf, server } = await signedIn(session)
    const value = await valueOf({ audience: 'billing' })
    expect(server.introspect(value).extra).toEqual({ audience: 'billing' })
    expect(await valueOf({ parameters: { audience: 'billing' } })).toBe(value)
  })
})

it('forty audiences in turn cause no refresh once each is held', async () => {
  const { valueOf, refreshes } = await signedIn('server')
  const audiences = Array.from({ length: 40 }, (_, i) => `api-${i}`)
  const held: string[] = []
  for (const audience of audiences) held.push(await valueOf({ audience }))
  expect(refreshes()).toBe(40)
  for (let round = 0; round < 2; round++)
    for (const [i, audience] of audiences.entries()) expect(await valueOf({ audience })).toBe(held[i])
  expect([refreshes(), new Set(held).size]).toEqual([40, 40])
})
