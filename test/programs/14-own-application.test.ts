// Tests of an application as a signed-in user, without a browser, a login page or a mocked library.
import { evertoken } from '@evertoken/node'
import { signIn } from '@evertoken/testkit/session'
import { afterEach, expect, it } from 'vitest'

const calls: Request[] = []
const auth = evertoken({
  issuer: 'http://localhost:4000',
  clientId: 'web',
  encryptionSecret: 'a secret of at least thirty-two characters',
  session: 'server',
})
const orders = auth.createTokenFetch({
  baseUrl: 'https://api.example.com/orders/',
  fetch: async (input, init) => {
    calls.push(new Request(input, init))
    return Response.json([])
  },
})
const app = auth.handler(() => orders('recent'))

afterEach(() => auth.drain())

it('calls the API as the user', async () => {
  const alice = await signIn(auth, { claims: { sub: 'alice' }, accessToken: 'token-of-alice' })
  const response = await alice.fetch(app, '/recent')
  expect(response.status).toBe(200)
  expect(calls[0]?.headers.get('authorization')).toBe('Bearer token-of-alice')
})

it('shows nothing after the user has signed out', async () => {
  const alice = await signIn(auth, { claims: { sub: 'alice' } })
  expect((await auth.sessionById(alice.sessionId).getSession())?.claims.sub).toBe('alice')
  await auth.sessionById(alice.sessionId).endSession()
  expect((await app(alice.request('/recent'))).status).toBe(401)
})
