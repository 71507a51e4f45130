import { describe, expect, it } from 'vitest'
import { type TokenFetch, tokenFetch } from '../../src/handlers/calls/token-fetch.ts'
import { tokenProxy } from '../../src/handlers/calls/token-proxy.ts'
import { createBearerCredential } from '../../src/mechanisms/calls/bearer-credential.ts'

const API = 'https://api.example.com'
const TARGET = { origin: API, pathname: '/' }

const cancellations: [string, () => Promise<void>][] = [
  ['never finishes', () => new Promise(() => undefined)],
  ['rejects', () => Promise.reject(new Error('canary'))],
  [
    'throws',
    () => {
      throw new Error('canary')
    },
  ],
]

/** Responds with a body that no reader wants to read. */
function respondWith(cancel: () => Promise<void>, status: number, headers: Record<string, string>): Response {
  const response = new Response('unread', { status, headers })
  const body = Object.assign(new ReadableStream(), { cancel })
  return Object.defineProperty(response, 'body', { value: body })
}

function createApi(fetch: TokenFetch): TokenFetch {
  let count = 0
  const source = async () => createBearerCredential({ value: `at-${(count += 1)}`, type: 'Bearer' })
  const receive = (response: Response) => response
  const policy = { baseUrl: undefined, prefixes: [TARGET], fetch, receive, throwTokenErrors: true } as const
  return tokenFetch(source, policy)
}

describe.each(cancellations)('S39: a body whose cancellation %s', (_how, cancel) => {
  it('does not delay the second call after a rejected token', async () => {
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    const responses = [respondWith(cancel, 401, headers), new Response('done')]
    const response = await createApi(async () => responses.shift() as Response)(`${API}/orders`)
    expect(await response.text()).toBe('done')
  })

  it('does not delay the next hop of a redirect', async () => {
    const responses = [respondWith(cancel, 302, { location: '/new' }), new Response('done')]
    const response = await createApi(async () => responses.shift() as Response)(`${API}/orders`)
    expect(await response.text()).toBe('done')
  })

  it('does not delay the refusal of a redirect by the proxy', async () => {
    const route = {
      path: '/api',
      isTree: true,
      target: { origin: API, pathname: '' },
      send: async () => respondWith(cancel, 302, { location: 'https://other.example.com/' }),
      isPersonal: true,
      forwarded: undefined,
      prepareHeaders: undefined,
      webSocket: false,
      methods: undefined,
      requestHeaders: [],
      responseHeaders: [],
    }
    const proxy = tokenProxy([route], () => ({ origin: undefined, basePath: '', emit: () => undefined }))
    const headers = { 'sec-fetch-site': 'same-origin' }
    const response = await proxy(new Request('https://app.example.com/api/orders', { headers }))
    expect(await response?.json()).toMatchObject({ code: 'redirect_refused' })
  })
})
