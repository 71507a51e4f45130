import type { UserSession, EvertokenOptions } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import type { Browser } from './browser.ts'
import type { Call, Chronicle, Result } from './chronicle.ts'
import type { User } from './linked-store.ts'
import { failure, printed, resultOf } from './results.ts'
import type { Machine } from './virtual-time.ts'
import { API, type Fetch } from './wire.ts'

export const ORIGIN = 'https://app.example.com'

/** One process of the application. */
export interface Instance {
  readonly user: User
  readonly machine: Machine
  /** Asks for a token, in a request of this browser. */
  call(browser: Browser, how: How, about: CallOptions): Promise<Call>
  /** Anything else that a browser does; `act` is what the application does with it. */
  visit(browser: Browser, request: Request, act?: Act): Promise<Response>
}

type Act = (session: UserSession) => Promise<unknown>

export interface CallOptions {
  readonly sub: string
  readonly probe?: boolean
  /** Cookies of an earlier time. */
  readonly cookies?: string
  readonly signal?: AbortSignal | undefined
}

/** By the current session, by a token fetch, or by the session named explicitly. */
export const HOWS = ['ambient', 'fetch', 'explicit'] as const
export type How = (typeof HOWS)[number]

export interface InstanceOptions {
  readonly user: User
  readonly machine: Machine
  readonly chronicle: Chronicle
  readonly resourceServer: Fetch
  readonly options: EvertokenOptions
}

export function createInstance({
  user,
  machine,
  chronicle,
  resourceServer,
  options,
}: InstanceOptions): Instance {
  const auth = evertoken(options)
  const orders = auth.createTokenFetch({ baseUrl: `${API}/`, fetch: resourceServer })

  async function obtain(how: How, session: UserSession, signal?: AbortSignal): Promise<Result> {
    const wanted = signal ? { signal } : {}
    if (how === 'fetch') return resultOf(await orders('/recent', wanted), chronicle)
    const token = await (how === 'ambient' ? auth : session).getUserAccessToken(wanted)
    if (!token) return { kind: 'sign_in' }
    chronicle.texts.push({ where: 'a printed token', text: printed(token) })
    return { kind: 'token', token: token.value }
  }

  async function call(browser: Browser, how: How, about: CallOptions): Promise<Call> {
    const { sub, probe = false, cookies, signal } = about
    const began: Call = {
      instance: user.instance,
      sub,
      probe,
      stale: cookies !== undefined,
      began: chronicle.moment(),
    }
    chronicle.calls.push(began)
    const request = new Request(ORIGIN, { headers: { cookie: cookies ?? browser.header() } })
    const response = await auth.handle(request, async (_request, session) => {
      const result = await obtain(how, session, signal).catch((error: unknown) =>
        failure(error, chronicle, signal),
      )
      Object.assign(began, { result, ended: chronicle.moment() })
      return new Response('done')
    })
    browser.take(response)
    return began
  }

  async function visit(browser: Browser, request: Request, act?: Act): Promise<Response> {
    const headers = new Headers(request.headers)
    headers.set('cookie', browser.header())
    const response = await auth.handle(new Request(request, { headers }), async (_request, session) => {
      await act?.(session)
      return new Response('done')
    })
    browser.take(response)
    return response
  }

  return { user, machine, call, visit }
}
