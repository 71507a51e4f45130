import { describe, expect, it } from 'vitest'
import { type TokenFetch, type TokenFetchPolicy, tokenFetch } from '../../src/handlers/calls/token-fetch.ts'
import { type ProxyRoute, tokenProxy } from '../../src/handlers/calls/token-proxy.ts'
import { SignInRequiredError } from '../../src/vocabulary/index.ts'
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

function createApi(fetch: TokenFetch, changes: Partial<TokenFetchPolicy> = {}): TokenFetch {
  let count = 0
  const source = async () => createBearerCredential({ value: `at-${(count += 1)}`, type: 'Bearer' })
  const receive = (response: Response) => response
  const policy = { baseUrl: undefined, prefixes: [TARGET], fetch, receive, throwTokenErrors: true } as const
  return tokenFetch(source, { ...policy, ...changes })
}

function routeTo(send: TokenFetch): ProxyRoute {
  return {
    path: '/api',
    isTree: true,
    target: { origin: API, pathname: '' },
    send,
    isPersonal: true,
    forwarded: undefined,
    prepareHeaders: undefined,
    webSocket: false,
    methods: undefined,
    requestHeaders: [],
    responseHeaders: [],
  }
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
    const route = routeTo(async () => respondWith(cancel, 302, { location: 'https://other.example.com/' }))
    const proxy = tokenProxy([route], () => ({ origin: undefined, basePath: '', emit: () => undefined }))
    const headers = { 'sec-fetch-site': 'same-origin' }
    const response = await proxy(new Request('https://app.example.com/api/orders', { headers }))
    expect(await response?.json()).toMatchObject({ code: 'redirect_refused' })
  })
})

describe('a response that is open when the call fails', () => {
  /** Responds with 401 and a body that never ends, and records whether it was cancelled. */
  function openResponse() {
    let isCancelled = false
    const cancel = () => void (isCancelled = true)
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    const respond = async () => new Response(new ReadableStream({ cancel }), { status: 401, headers })
    return { respond, isCancelled: () => isCancelled }
  }

  it.each([
    ['an error', new Error('of the application')],
    ['a typed error', new SignInRequiredError('no_session', 'of the application')],
  ])('is cancelled if `isTokenRejected` throws %s, which the caller receives', async (_what, thrown) => {
    for (const isTokenRejected of [() => Promise.reject(thrown), () => thrower(thrown)]) {
      const { respond, isCancelled } = openResponse()
      const call = createApi(respond, { isTokenRejected, throwTokenErrors: false })(`${API}/orders`)
      await expect(call).rejects.toBe(thrown)
      await expect.poll(isCancelled).toBe(true)
    }
  })

  it('of a proxy route too: the application receives the error, because the API did not fail', async () => {
    const thrown = new Error('of the application')
    const { respond, isCancelled } = openResponse()
    const route = routeTo(createApi(respond, { isTokenRejected: () => thrower(thrown) }))
    const emit = () => expect.unreachable()
    const proxy = tokenProxy([route], () => ({ origin: undefined, basePath: '', emit }))
    const headers = { 'sec-fetch-site': 'same-origin' }
    await expect(proxy(new Request('https://app.example.com/api/orders', { headers }))).rejects.toBe(thrown)
    await expect.poll(isCancelled).toBe(true)
  })

  it('is cancelled if the caller aborts while another token is requested', async () => {
    const { respond, isCancelled } = openResponse()
    const reason = new Error('aborted')
    const policy = { baseUrl: undefined, prefixes: [TARGET], fetch: respond, throwTokenErrors: true } as const
    const call = tokenFetch(
      async ({ rejected }) =>
        rejected ? thrower(reason) : createBearerCredential({ value: 'at', type: 'Bearer' }),
      { ...policy, receive: (response) => response },
    )
    await expect(call(`${API}/orders`)).rejects.toBe(reason)
    await expect.poll(isCancelled).toBe(true)
  })
})

function thrower(error: Error): never {
  throw error
}
