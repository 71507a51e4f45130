import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { signIn } from '@evertoken/testkit/session'
import { cookieHeaderOf } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { authorizationServer, createAuth, listen } from './application.ts'

/** A real API, because only responses of a real `fetch` have immutable headers. */
async function startApi(status = 200): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'x-from': 'api' }).end(status === 204 ? undefined : 'orders')
  })
  return `${await listen(server)}/`
}

describe('handler', () => {
  it('passes all arguments of the framework on, unchanged and in place', async () => {
    const auth = createAuth()
    const seen: unknown[][] = []
    const handle = auth.handler((...given: unknown[]) => {
      seen.push(given)
      return new Response()
    })
    const request = new Request('http://127.0.0.1/')
    const [env, ctx] = [{ KEY: 'value' }, { waitUntil() {} }]
    await handle(request, env, ctx, undefined)
    await handle(request)

    expect(seen).toEqual([[request, env, ctx, undefined], [request]])
    expect(seen[0]?.[1]).toBe(env)
  })

  it('has types that keep the arguments of the application and accept further ones', async () => {
    const auth = createAuth()
    class FrameworkRequest extends Request {
      readonly nextUrl = new URL(this.url)
    }
    type Context = { readonly params: Promise<{ readonly id: string }> }
    const route: (request: FrameworkRequest, context: Context) => Promise<Response> = auth.handler(
      async (request: FrameworkRequest, { params }: Context) =>
        new Response(request.nextUrl.pathname + (await params).id),
    )
    const response = await route(new FrameworkRequest('http://127.0.0.1/orders/'), {
      params: Promise.resolve({ id: '7' }),
    })
    expect(await response.text()).toBe('/orders/7')

    const withoutParameters = auth.handler(() => new Response('any'))
    expect(await (await withoutParameters(new Request('http://127.0.0.1/'), {}, 1)).text()).toBe('any')
    // @ts-expect-error A number is no context.
    const wrong = () => route(new FrameworkRequest('http://127.0.0.1/'), 1)
    expect(wrong).toBeTypeOf('function')
  })

  it('shares the session of the request with `auth.session(request)`, and sends its cookies once', async () => {
    const auth = createAuth()
    let explicit: string | undefined
    const handle = auth.handler(async (request: Request) => {
      const session = auth.session(request)
      if (new URL(request.url).pathname === '/start')
        await session.startSession(await authorizationServer.issue())
      explicit = (await session.getUserAccessToken())?.value
      const implicit = await auth.getUserAccessToken()
      return session.commit(new Response(implicit?.value))
    })
    const started = await handle(new Request('http://127.0.0.1/start'))

    expect(await started.text()).toBe(explicit)
    expect(explicit).toMatch(/^at_/)
    expect(started.headers.getSetCookie()).toHaveLength(1)
  })
})

it('a handler of `node:http` takes the cookies of a session that it names to its response', async () => {
  const auth = createAuth()
  async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const cookie = incoming.headers.cookie ?? ''
    const session = auth.session(new Request('http://127.0.0.1/', { headers: { cookie } }))
    if (incoming.url === '/start') await session.startSession(await authorizationServer.issue())
    const token = await session.getUserAccessToken()
    response.setHeader('set-cookie', await session.takeSetCookies())
    response.end(token?.value ?? 'nobody')
  }
  const origin = await listen(createServer((...call) => void respond(...call)))
  const started = await fetch(`${origin}/start`)
  const cookie = cookieHeaderOf(started)

  expect(await (await fetch(origin)).text()).toBe('nobody')
  expect(await (await fetch(origin, { headers: { cookie } })).text()).toBe(await started.text())
})

describe('headers of responses', () => {
  it.each([200, 204])('from a token fetch can be changed, status %i', async (status) => {
    const auth = createAuth()
    const url = await startApi(status)
    const orders = auth.createTokenFetch({ baseUrl: url })
    const app = auth.handler(async () => {
      const response = await orders('recent')
      response.headers.set('x-frame-options', 'DENY')
      return new Response(
        JSON.stringify([response.url, response.type, response.headers.get('x-from')]),
        response,
      )
    })
    const alice = await signIn(auth, { claims: { sub: 'alice' } })
    const handle = status === 204 ? auth.handler(() => orders('recent').then(added)) : app
    const response = await alice.fetch(handle, '/')

    expect(response.headers.get('x-frame-options')).toBe('DENY')
    if (status === 200) expect(await response.json()).toEqual([`${url}recent`, 'basic', 'api'])
  })

  it('of a clone can be changed too, and contain the changes of its original', async () => {
    const auth = createAuth()
    const orders = auth.createTokenFetch({ baseUrl: await startApi() })
    const handle = auth.handler(async () => {
      const response = await orders('recent')
      response.headers.set('x-frame-options', 'DENY')
      const clone = response.clone()
      clone.headers.set('x-content-type-options', 'nosniff')
      expect(response.headers.has('x-content-type-options')).toBe(false)
      return new Response((await clone.text()) + (await response.text()), clone)
    })
    const alice = await signIn(auth, { claims: { sub: 'alice' } })
    const response = await alice.fetch(handle, '/')

    expect(response.headers.get('x-frame-options')).toBe('DENY')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await response.text()).toBe('ordersorders')
  })

  it('of a response with another prototype can be changed', async () => {
    class OwnResponse extends Response {}
    const auth = createAuth()
    const url = await startApi()
    const ownFetch = async (...call: Parameters<typeof fetch>) =>
      Object.setPrototypeOf(await fetch(...call), OwnResponse.prototype) as Response
    const orders = auth.createTokenFetch({ baseUrl: url, fetch: ownFetch })
    const alice = await signIn(auth, { claims: { sub: 'alice' } })
    const response = await alice.fetch(
      auth.handler(() => orders('recent').then(added)),
      '/',
    )

    expect(response.headers.get('x-frame-options')).toBe('DENY')
    expect(await response.text()).toBe('orders')
  })

  it.each([
    ['a redirect', () => Response.redirect('http://127.0.0.1/elsewhere')],
    ['a response of another fetch', async () => fetch(await startApi())],
  ])('that `handler` returns can be changed: %s', async (_what, application) => {
    const response = await createAuth().handler(application)(new Request('http://127.0.0.1/'))
    expect(() => response.headers.set('x-frame-options', 'DENY')).not.toThrow()
    await response.body?.cancel()
  })
})

function added(response: Response): Response {
  response.headers.set('x-frame-options', 'DENY')
  return response
}
