import type { SenderConstraint } from '@evertoken/core'
import { type Evertoken, evertoken, type EvertokenOptions, type SessionStore } from '@evertoken/node'

export const ORIGIN = 'https://app.example.com'
export const ISSUER = 'https://login.example.com'

/** As long as they are in practice: a signed access token with a few claims, an opaque refresh token. */
export const ACCESS_TOKEN: string = 'eyJhbGciOiJFUzI1NiJ9'.padEnd(700, 'a')
export const REFRESH_TOKEN: string = 'r'.repeat(64)
export const SCOPE = 'openid profile orders:read'
export const CLAIMS = {
  sub: 'f3a1c5de-7b0e-4d0e-9a2f-6f1d0c2b8e55',
  name: 'Alice Example',
  sid: 's'.repeat(32),
}

/** Instances made by this one function share their secret, as processes of one application do. */
export function application(
  session: NonNullable<EvertokenOptions['session']>,
  store?: SessionStore,
  senderConstraint?: SenderConstraint,
): Evertoken {
  return evertoken({
    issuer: ISSUER,
    clientId: 'web',
    clientSecret: 'benchmark',
    encryptionSecret: 'a benchmark does not need to keep this secret',
    baseUrl: ORIGIN,
    session,
    fetch: respondWithMetadata,
    ...(store && { store }),
    ...(senderConstraint && { senderConstraint }),
  })
}

/** The authorization server has responded once, as in every application, so its time is known. */
function respondWithMetadata(): Promise<Response> {
  const metadata = {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
  }
  const headers = { date: new Date().toUTCString() }
  return Promise.resolve(Response.json(metadata, { headers }))
}

/**
 * Signs a user in and returns the `Cookie` header that their browser sends from then on, among other cookies.
 *
 * @param proofKey - The key that the tokens are bound to, if they are.
 */
export async function signIn(auth: Evertoken, proofKey?: object): Promise<string> {
  const session = auth.session(new Request(ORIGIN))
  await session.startSession(
    {
      access_token: ACCESS_TOKEN,
      token_type: proofKey ? 'DPoP' : 'Bearer',
      expires_in: 3600,
      refresh_token: REFRESH_TOKEN,
      scope: SCOPE,
    },
    { claims: CLAIMS, ...(proofKey && { proofKey }) },
  )
  const response = await session.commit(new Response())
  const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0])
  return ['theme=dark', ...cookies, '_visitor=1f2e3d4c5b6a79880796a5b4c3d2e1f0'].join('; ')
}

export function requestWith(cookie: string): Request {
  return new Request(`${ORIGIN}/orders`, { headers: { cookie } })
}

/** Gives the token's value, so that only a token is a success. */
export async function tokenOf(session: Pick<Evertoken, 'getUserAccessToken'>): Promise<string> {
  const token = await session.getUserAccessToken()
  if (token?.value !== ACCESS_TOKEN) throw new Error('No token: the numbers would mean nothing')
  return token.value
}
