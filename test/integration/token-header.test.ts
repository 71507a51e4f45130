import { describe, expect, it } from 'vitest'
import { createApplication } from './application.ts'
import { createSink } from './sink.ts'

const sink = () => createSink((_, response) => response.end())

const tokenHeader = { name: 'X-Shopify-Access-Token' }

describe('the header of an API', () => {
  it.each([
    [tokenHeader, 'x-shopify-access-token', /^at_/],
    [{ prefix: 'Zoho-oauthtoken ' }, 'authorization', /^Zoho-oauthtoken at_/],
  ])('%j carries the token of calls, also after a refresh', async (header, name, value) => {
    const api = await sink()
    const { auth, clock, browser } = createApplication({ server: { tokenHeader: header } })
    const orders = auth.createTokenFetch({ baseUrl: `${api.url}/` })
    const tab = browser(async () => {
      const token = await auth.getUserAccessToken()
      const headers = await token?.headersFor(api.url)
      await orders('orders')
      return Response.json(Object.keys(headers ?? {}))
    })
    await tab.signIn()
    for (const seconds of [0, 301]) {
      await clock.advance(seconds * 1000)
      expect(await (await tab.get('/')).json()).toEqual([name])
    }
    const sent = api.arrivals.map(({ headers }) => String(headers[name]))
    expect(sent).toEqual([expect.stringMatching(value), expect.stringMatching(value)])
    expect(new Set(sent).size).toBe(2)
    if (name !== 'authorization') expect(api.arrivals[0]?.headers.authorization).toBeUndefined()
  })

  it('replaces the header that a request has', async () => {
    const api = await sink()
    const { auth, browser } = createApplication({ server: { tokenHeader } })
    const orders = auth.createTokenFetch({ baseUrl: `${api.url}/` })
    const headers = { 'x-shopify-access-token': 'of-another-user' }
    const tab = browser(async () => orders('orders', { headers }))
    await tab.signIn()
    await tab.get('/')
    expect(api.arrivals[0]?.headers['x-shopify-access-token']).toMatch(/^at_/)
  })
})
