import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { createApplication, currentRefreshToken, kinds } from './application.ts'
import { createSink } from './sink.ts'
import { signIn } from './steps.ts'

it.each(kinds)(
  'S4: no token is in a URL, a body or a header but Authorization, %s session',
  async (session) => {
    const { auth, server, clock, browser } = createApplication({ session })
    const api = await createSink(() => {})
    const proxy = auth.createTokenProxy({ '/api/*': { target: `${api.url}/v1/`, token: 'user' } })
    const orders = auth.createTokenFetch({ baseUrl: `${api.url}/orders/` })
    const issued = new Set<string>()
    // Whole tokens: the random text of a sealed cookie can contain their prefix.
    const refreshTokens = new Set<string | undefined>()
    const tab = browser(async (request) => {
      const { value = '' } = (await auth.getUserAccessToken()) ?? {}
      issued.add(value)
      refreshTokens.add(currentRefreshToken(server))
      await orders('recent?page=2', { method: 'POST', body: 'an order' })
      return (await proxy(request)) ?? new Response('done')
    })

    const seen: string[] = []
    const visit = async (path: string) => {
      const response = await tab.get(path, undefined, { headers: { 'sec-fetch-site': 'same-origin' } })
      seen.push(JSON.stringify([...response.headers]), await response.text())
      expect(response.status).toBeLessThan(400)
    }
    await signIn(tab, server)
    await visit('/')
    await clock.advance(301_000)
    await visit('/api/orders?page=2')
    await visit('/auth/user')
    const logout = await tab.post('/auth/logout')
    seen.push(JSON.stringify([...logout.headers]))

    for (const { path, body, headers } of api.arrivals) {
      const { authorization, ...others } = headers
      expect(authorization).toMatch(/^Bearer /)
      seen.push(path, body, JSON.stringify(others))
    }
    seen.push(...server.log.map(({ url }) => url.href))
    api.close()
    expect([issued.size, api.arrivals.length]).toEqual([2, 3])
    expect([...refreshTokens].map((token) => token?.slice(0, 3))).toEqual(['rt_', 'rt_'])
    for (const token of [...issued, ...refreshTokens]) expect(seen.join('\n')).not.toContain(token)
  },
)

it('a log of the application object shows functions only', () => {
  const { auth, options } = createApplication()
  const shown = inspect(auth, { depth: 20, showHidden: true, getters: true })
  for (const secret of [options.clientSecret, options.encryptionSecret]) expect(shown).not.toContain(secret)
  expect(Object.values(auth).filter((member) => typeof member !== 'function')).toEqual([])
})
