import { createMemoryStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { createApplication } from './application.ts'
import { authorize, pathOf, signIn } from './steps.ts'

const development = 'http://127.0.0.1:3000'
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const start = () =>
  createApplication({
    baseUrl: development,
    store: createMemoryStore(),
    backChannelLogout: true,
    frontChannelLogout: true,
    diagnostics: true,
  })

describe('the methods of the routes', () => {
  it.each([
    ['/auth/login', 'GET'],
    ['/auth/callback', 'GET, POST'],
    ['/auth/user', 'GET, HEAD'],
    ['/auth/back-channel-logout', 'POST'],
    ['/auth/front-channel-logout', 'GET'],
    ['/auth/diagnostics', 'GET'],
  ])('of %s are %s, and others are refused', async (path, allow) => {
    const { browser, server } = start()
    const tab = browser()
    await signIn(tab, server)
    for (const method of METHODS) {
      const { status, headers } = await tab.get(development + path, undefined, {
        method,
        headers: { 'sec-fetch-site': 'same-origin' },
      })
      const isAllowed = allow.split(', ').includes(method)
      expect([method, status === 405, headers.get('allow')]).toEqual([
        method,
        !isAllowed,
        isAllowed ? null : allow,
      ])
      if (!isAllowed) expect(headers.getSetCookie()).toEqual([])
    }
    expect((await tab.get('/')).status).toBe(200)
  })

  it('a callback that is only looked at can still be followed', async () => {
    const { browser, server } = start()
    const tab = browser()
    const { callback } = await authorize(tab, server)
    expect((await tab.get(pathOf(callback), undefined, { method: 'HEAD' })).status).toBe(405)
    expect((await tab.get(pathOf(callback))).status).toBe(303)
  })

  it('of an unknown route go to the application', async () => {
    const { browser } = createApplication()
    const tab = browser((request) => new Response(request.method))
    for (const path of ['/auth/diagnostics', '/auth/back-channel-logout', '/auth/', '/auth/elsewhere'])
      expect(await (await tab.get(path, undefined, { method: 'PUT' })).text()).toBe('PUT')
  })
})
