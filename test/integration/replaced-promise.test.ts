import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createApplication, kinds } from './application.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe.each(kinds)('with a global Promise that a tool has replaced, %s session', (session) => {
  it('tokens are refreshed and sent, although no async function returns an instance of it', async () => {
    const api = createServer((request, response) => response.end(request.headers.authorization))
    api.listen(0, '127.0.0.1')
    await once(api, 'listening')
    const baseUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}/`
    const { auth, browser, clock, server } = createApplication({ session })
    const orders = auth.createTokenFetch({ baseUrl })
    const tab = browser()
    await tab.signIn()
    await clock.advance(301_000)

    vi.stubGlobal('Promise', class ReplacedPromise<T> extends Promise<T> {})
    const token = await tab.get('/')
    const called = await tab.get('/', undefined, undefined, () => orders('recent'))
    vi.unstubAllGlobals()

    expect(await called.text()).toBe(`Bearer ${await token.text()}`)
    expect(server.counts.refresh).toBe(1)
    api.closeAllConnections()
    api.close()
  })
})
