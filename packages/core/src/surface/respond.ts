import type { BoundSession } from './bound-session.ts'

/** S25: whatever carries `Set-Cookie` is not to be cached. */
export async function withCookies(bound: BoundSession, response: Response): Promise<Response> {
  const result = await cookiesAdded(bound, response)
  bound.responses.passTo(result)
  return result
}

async function cookiesAdded({ session }: BoundSession, response: Response): Promise<Response> {
  await session.settle()
  // A WebSocket hangs on its very response; the next one brings the cookies.
  if (response.status === 101) return response
  const cookies = session.takeCookies()
  if (cookies.length === 0) return response
  const headers = new Headers(response.headers)
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  headers.set('cache-control', 'no-store')
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers })
}
