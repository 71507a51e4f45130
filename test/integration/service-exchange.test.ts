import { createMemoryStore } from '@evertoken/core'
import { clientCredentials, customToken, jwtBearer, tokenExchange } from '@evertoken/core/grants'
import { type ClientTokens, type ClientTokensOptions, createClientTokens } from '@evertoken/node/client'
import { createAuthorizationServer, createFaultyStore, createManualClock } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'

const LIFETIME = 300
const API = 'https://stock.example.com/'

/** A gateway that is called with tokens of users. */
function createGateway() {
  const clock = createManualClock()
  const server = createAuthorizationServer({ clock, accessTokenSeconds: LIFETIME })
  const { id, secret } = server.clients[0] ?? { id: '' }
  const process = (options: Partial<ClientTokensOptions> = {}): ClientTokens =>
    createClientTokens({
      issuer: server.issuer,
      clientId: id,
      clientSecret: secret,
      fetch: (input, init) => server.fetch(input, init),
      clock,
      ...options,
    } as ClientTokensOptions)
  const exchanges = () => server.log.filter(({ kind }) => kind === 'token').length
  const tokenOf = async (sub: string) => (await server.issue({ sub, expiresIn: 3600 })).access_token
  return { clock, server, process, exchanges, tokenOf }
}

describe('a token exchange in a service', () => {
  it('S13: is kept for each subject token, and never used for another caller', async () => {
    const { process, server, exchanges, tokenOf, clock } = createGateway()
    const { getAccessToken } = process()
    const users = await Promise.all(['alice', 'bob', 'carol'].map(tokenOf))
    const subjects: unknown[] = []
    for (let round = 0; round < 2; round++)
      for (const subject of users) {
        const token = tokenExchange({ audience: 'stock', subject: () => subject })
        subjects.push(server.introspect((await getAccessToken({ token }))?.value ?? '').sub)
      }
    expect([subjects, exchanges()]).toEqual([['alice', 'bob', 'carol', 'alice', 'bob', 'carol'], 3])
    await clock.advance((LIFETIME + 1) * 1000)
    const token = tokenExchange({ audience: 'stock', subject: () => users[0] })
    const values = await Promise.all([1, 2, 3].map(() => getAccessToken({ token })))
    expect([new Set(values.map((each) => each?.value)).size, exchanges()]).toEqual([1, 4])
  })

  it('is shared by processes with one store, without a token in plain text', async () => {
    const { process, exchanges, tokenOf, clock } = createGateway()
    const store = createFaultyStore(createMemoryStore({ clock }))
    const records: string[] = []
    store.always('swap', ({ key = '', record = '' }) => {
      records.push(key + record)
      return undefined
    })
    const shared = { store, encryptionSecret: 'a secret of thirty-two characters' }
    const subject = await tokenOf('alice')
    const token = tokenExchange({ audience: 'stock', subject: () => subject })
    const one = await process(shared).getAccessToken({ token })
    expect([(await process(shared).getAccessToken({ token }))?.value, exchanges()]).toEqual([one?.value, 1])
    for (const each of [subject, one?.value ?? '']) expect(records.join()).not.toContain(each)
  })

  it('delegates with the token of the service, and works in a token fetch', async () => {
    const { process, server, tokenOf } = createGateway()
    const subject = await tokenOf('alice')
    const seen: unknown[] = []
    const stock = process().createTokenFetch({
      baseUrl: API,
      token: tokenExchange({ audience: 'stock', subject: () => subject, actor: clientCredentials() }),
      fetch: async (_input, init) => {
        const value = new Headers(init?.headers).get('authorization')?.slice('Bearer '.length) ?? ''
        seen.push(server.introspect(value))
        return new Response()
      },
    })
    expect((await stock('items')).status).toBe(200)
    expect(seen).toMatchObject([{ sub: 'alice', extra: { audience: 'stock', actor: server.clients[0]?.id } }])
  })

  it('without a subject token, a user must sign in; without a function, the error names the option', async () => {
    const { process, exchanges } = createGateway()
    const { getAccessToken, createTokenFetch } = process()
    const token = tokenExchange({ audience: 'stock', subject: () => undefined })
    expect(await getAccessToken({ token })).toBeUndefined()
    const response = await createTokenFetch({ baseUrl: API, token })('x')
    expect([response.status, await response.json()]).toMatchObject([401, { code: 'no_session' }])
    const missing = getAccessToken({ token: tokenExchange({ audience: 'stock' }) })
    await expect(missing).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('`subject`') as string,
    })
    await expect(getAccessToken({} as never)).rejects.toMatchObject({ code: 'invalid_option' })
    expect(exchanges()).toBe(0)
  })

  it('jwtBearer: a JWT with the same claims and another signature gets no token of the first one', async () => {
    const { process, exchanges } = createGateway()
    const { getAccessToken } = process()
    const payload = btoa(JSON.stringify({ sub: 'alice' }))
    const valueOf = async (signature: string) => {
      const assertion = () => `e30.${payload}.${signature}`
      return (await getAccessToken({ token: jwtBearer({ scope: 'x', assertion }) }))?.value
    }
    const first = await valueOf('one')
    expect([await valueOf('one'), exchanges()]).toEqual([first, 1])
    expect([(await valueOf('two')) === first, exchanges()]).toEqual([false, 2])
  })

  it('customToken: the function runs once, and `undefined` asks for a sign-in', async () => {
    const { process } = createGateway()
    const { getAccessToken } = process()
    let calls = 0
    const token = customToken('x', async () => ({ access_token: `t${(calls += 1)}`, expires_in: 100 }))
    const values = await Promise.all([1, 2, 3].map(() => getAccessToken({ token })))
    expect([values.map((each) => each?.value), calls]).toEqual([['t1', 't1', 't1'], 1])
    expect(await getAccessToken({ token: customToken('y', async () => undefined) })).toBeUndefined()
  })
})
