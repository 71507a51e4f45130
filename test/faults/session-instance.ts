import type { UserSession, EvertokenOptions } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import type { Browser } from './browser.ts'
import type { Call, Result } from './chronicle.ts'
import { type CallOptions, type How, type Instance, type InstanceParts, ORIGIN } from './instance.ts'
import { failure, printed, resultOf } from './results.ts'
import { API } from './wire.ts'

type Act = (session: UserSession) => Promise<unknown>

/** An instance whose users have sessions. */
export function createSessionInstance(
  { user, machine, chronicle, resourceServer }: InstanceParts,
  options: EvertokenOptions,
): Instance {
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

  /** Anything else that a browser does. `act` is what the application does with it. */
  async function visit(browser: Browser, request: Request, act?: Act): Promise<void> {
    const headers = new Headers(request.headers)
    headers.set('cookie', browser.header())
    const response = await auth.handle(new Request(request, { headers }), async (_request, session) => {
      await act?.(session)
      return new Response('done')
    })
    browser.take(response)
  }

  return {
    user,
    machine,
    call,
    async signIn(browser, sub, tokens) {
      let key: string | undefined
      await visit(browser, new Request(ORIGIN), (session) =>
        session.startSession(tokens, { claims: { sub } }),
      )
      await visit(browser, new Request(ORIGIN), async (session) => {
        key = (await session.getSession())?.id
      })
      return key ?? ''
    },
    signOut: ({ browser }) => {
      const headers = { 'sec-fetch-site': 'same-origin' }
      return visit(browser, new Request(`${ORIGIN}/auth/logout`, { method: 'POST', headers }))
    },
    giveUp: ({ browser }) => visit(browser, new Request(ORIGIN), (session) => session.revokeRefreshToken()),
  }
}
