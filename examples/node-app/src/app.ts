import { EvertokenError, relay, SignInRequiredError } from '@evertoken/node'
import { auth, createTokenFetch, getUser, getUserAccessToken, revokeRefreshToken } from './auth.ts'
import * as events from './events.ts'
import { pageFile } from './page.ts'
import { ProfileClient } from './profile-client.ts'

type Route = (request: Request) => Response | Promise<Response>

const { API_URL, ACCESS_TOKEN_SECONDS } = process.env
const MAX_CALLS = 500

// Made once, used for every user: whose token a call carries is found when it is made.
const orders = createTokenFetch({ baseUrl: `${API_URL}/orders/` })
const profiles = new ProfileClient(
  createTokenFetch({ baseUrl: `${API_URL}/profile/`, throwTokenErrors: true }),
)

const routes = new Map<string, Route>([
  ['GET /events', events.stream],
  ['GET /api/status', showStatus],
  ['GET /api/orders', async () => relay(await orders('recent'))],
  ['GET /api/profile', showProfile],
  ['POST /api/burst', burst],
  ['POST /api/revoke', revoke],
])

export const listener = auth.listener(async (request) => {
  const { pathname } = new URL(request.url)
  const route = routes.get(`${request.method} ${pathname}`)
  if (!route) return (await pageFile(pathname)) ?? problem(404, 'not_found')
  try {
    return auth.refuseCrossSite(request) ?? (await route(request))
  } catch (error) {
    // For other errors, a sign-in would not help.
    if (error instanceof SignInRequiredError) return problem(401, error.code, 'sign_in')
    if (error instanceof EvertokenError) return problem(503, error.code)
    throw error
  }
})

/** Who is signed in, and how long the access token lives on. The token itself stays here. */
async function showStatus(): Promise<Response> {
  const token = await getUserAccessToken()
  const user = await getUser()
  if (!user) return json({ signedIn: false })
  const secondsLeft = token ? Math.max(0, token.expiresAt - Date.now() / 1000) : 0
  const lifetimeSeconds = Number(ACCESS_TOKEN_SECONDS)
  return json({ signedIn: true, claims: user, secondsLeft, lifetimeSeconds })
}

async function showProfile(): Promise<Response> {
  return json(await profiles.mine())
}

async function burst(request: Request): Promise<Response> {
  const wanted = Number(new URL(request.url).searchParams.get('calls') ?? 100)
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MAX_CALLS) return problem(400, 'calls_out_of_range')
  let refreshes = 0
  const stop = events.subscribe(({ type }) => {
    if (type === 'token_refreshed') refreshes++
  })
  const responses = await Promise.all(Array.from({ length: wanted }, () => orders('recent'))).finally(stop)
  await Promise.all(responses.map((response) => response.arrayBuffer()))
  return json({ calls: wanted, ok: responses.filter(({ ok }) => ok).length, refreshes })
}

async function revoke(): Promise<Response> {
  return json({ outcome: await revokeRefreshToken() })
}

function json(body: unknown): Response {
  return Response.json(body, { headers: { 'cache-control': 'no-store' } })
}

function problem(status: number, code: string, action?: 'sign_in'): Response {
  const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  return new Response(JSON.stringify({ status, code, action }), { status, headers })
}
