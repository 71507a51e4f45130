import { type EventListener, EvertokenError, type RedactedCause } from '../vocabulary/index.ts'
import type { TokenGrant } from '../rules/session-record.ts'
import { type LoginOptions, takePendingLogin } from './login.ts'
import { problemFor } from './problem.ts'

/** Receives the authorization response, starts the session and sends the browser back to where it wanted to go. */
export async function callback(
  request: Request,
  cookies: ReadonlyMap<string, string>,
  session: { start(grant: TokenGrant): Promise<void> },
  options: LoginOptions,
  emit: EventListener,
): Promise<Response> {
  const parameters = new URL(request.url).searchParams
  const used: string[] = []
  const response = await finish().catch(fail)
  for (const line of used) response.headers.append('set-cookie', line)
  return response

  function fail(error: unknown): Response {
    if (error instanceof EvertokenError) {
      const cause = error.cause as RedactedCause | undefined
      emit({ type: 'sign_in_failed', code: error.code, ...(cause && { cause }) })
    }
    return problemFor(error)
  }

  async function finish(): Promise<Response> {
    const { pending, clear } = await takePendingLogin(parameters.get('state'), cookies, options)
    used.push(clear)
    await session.start(await options.protocol.redeem(parameters, pending))
    const headers = { location: pending.returnTo, 'cache-control': 'no-store' }
    return new Response(null, { status: 303, headers })
  }
}
