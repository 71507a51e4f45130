import type { AccessToken, Handler, TokenFetch } from '@evertoken/core'
import type { Visit } from './acts.ts'
import type { Call } from './history.ts'
import type { Machine } from '../machines/machine.ts'
import { API, CANARY, type Setting } from './setting.ts'

type Session = Parameters<Handler>[1]

/** The code of a developer. It uses the session in every way, immediately or late. */
export function createApplication(machine: Machine, setting: Setting): Handler {
  const { history, world, visits } = setting
  const { clock } = machine

  return async (request, session) => {
    const visit = visits.get(request.headers.get('x-visit') ?? '')
    if (!visit) return new Response('unknown', { status: 404 })
    if (!visit.isStream) {
      const call = await perform(request, session, visit)
      return new Response('done', { status: call.error ? 500 : 200 })
    }
    // The response travels while the handler continues.
    perform(request, session, visit).catch((error: unknown) => history.seen.push(`crash: ${String(error)}`))
    return new Response('streaming')
  }

  async function perform(request: Request, session: Session, visit: Visit): Promise<Call> {
    if (!visit.usesFirst && visit.holdMs > 0) await clock.sleep(visit.holdMs)
    const call = begin(visit)
    try {
      await act(request, session, visit, call)
    } catch (error) {
      call.error = error
    }
    call.ended = history.now()
    const { token, signIn, error, sub } = call
    world.note(
      `call ${visit.id} ${visit.act} ${token?.slice(-6)} ${signIn} ${sub} ${String(error)} @${machine.index}`,
    )
    if (visit.usesFirst) await clock.sleep(visit.holdMs)
    return call
  }

  function begin(visit: Visit): Call {
    const began = history.now()
    const call: Call = { visit, act: visit.act, key: visit.presented?.key, process: machine.index, began }
    history.calls.push(call)
    return call
  }

  async function act(request: Request, session: Session, visit: Visit, call: Call): Promise<void> {
    const wanted = visit.resource === '' ? {} : { resource: visit.resource }
    switch (visit.act) {
      case 'token': {
        const { signal } = request
        return serve(
          call,
          await session.getUserAccessToken({ ...wanted, ...(visit.abortMs < Infinity && { signal }) }),
        )
      }
      case 'api': {
        const orders = session.createTokenFetch({
          ...wanted,
          baseUrl: `${API}/`,
          fetch: apiFor(call),
          throwTokenErrors: true,
        })
        const { status } = await orders('/orders').catch(signInOf(call))
        call.status = status
        return
      }
      case 'proxy': {
        const target = `${API}/`
        const proxy = session.createTokenProxy({
          '/do/*': { ...wanted, target, token: 'user', fetch: apiFor(call) },
        })
        const response = await proxy(request)
        if (response?.status === 401 && response.headers.get('content-type')?.includes('problem'))
          call.status = 401
        return
      }
      case 'touch': {
        const claims = await session.getUser()
        call.sub = claims?.sub
        if (!claims) call.signIn = true
        return
      }
      case 'revoke':
        await session.revokeRefreshToken()
        return
      case 'end':
        return session.endSession()
      case 'user':
      case 'logout':
      case 'back-channel logout':
      case 'login':
        return
    }
  }

  function serve(call: Call, token: AccessToken | undefined): void {
    if (token) call.token = token.value
    else call.signIn = true
  }

  /** The API: it takes any token that the server calls active, unless it has its own opinion. */
  function apiFor(call: Call): TokenFetch {
    return async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input)
      const headers = new Headers(init?.headers)
      const text = JSON.stringify([...headers])
      const forbidden = url.origin === API ? /(?:rt|secret|seal)_canary|cookie/ : CANARY
      if (forbidden.test(text))
        history.seen.push(`I3: ${url.origin} got a credential or a cookie that it must not see`)
      if (url.origin !== API) return new Response('elsewhere')
      const token = headers.get('authorization')?.replace('Bearer ', '') ?? ''
      await machine.send('api')
      if (setting.happens('redirects of the API')) return Response.redirect('https://elsewhere.example/', 307)
      const isRejected = setting.happens('rejected tokens')
      if (isRejected) history.trouble('rejected tokens', machine.index)
      const isActive = setting.server.introspect(token).active && !isRejected
      await machine.run('api answers')
      call.token = token
      const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' }
      return isActive
        ? Response.json({ fine: true })
        : new Response(null, { status: 401, headers: challenge })
    }
  }
}

function signInOf(call: Call) {
  return (error: unknown): Response => {
    if ((error as Error).name !== 'SignInRequiredError') throw error
    call.signIn = true
    return new Response()
  }
}
