import type { FakeAuthorizationServer } from '../../src/index.ts'

export const REDIRECT_URI = 'https://app.example.com/callback'
export const VERIFIER = 'v'.repeat(43)
/** SHA-256 of the verifier. */
export const CHALLENGE = '7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM'

export interface Sent {
  readonly init?: RequestInit
  readonly fetch?: typeof fetch
}

export function post(
  server: FakeAuthorizationServer,
  path: string,
  form: Record<string, string> | [string, string][],
  { init = {}, fetch = server.fetch }: Sent = {},
): Promise<Response> {
  const body = new URLSearchParams(form)
  if (!body.has('client_id')) body.set('client_id', 'web')
  if (!body.has('client_secret')) body.set('client_secret', 'web-secret-for-tests-only')
  return fetch(server.issuer + path, { method: 'POST', body, redirect: 'manual', ...init })
}

export function refresh(
  server: FakeAuthorizationServer,
  refreshToken: string | undefined,
  more: Record<string, string> = {},
  sent?: Sent,
): Promise<Response> {
  return post(
    server,
    '/token',
    { grant_type: 'refresh_token', refresh_token: refreshToken ?? '', ...more },
    sent,
  )
}

export async function refreshed(
  server: FakeAuthorizationServer,
  refreshToken: string | undefined,
  more?: Record<string, string>,
): Promise<Record<string, string>> {
  return (await refresh(server, refreshToken, more)).json()
}

/** The parameters of the redirect to the application. */
export async function authorize(
  server: FakeAuthorizationServer,
  more: Record<string, string> = {},
): Promise<URLSearchParams> {
  const query = new URLSearchParams({
    client_id: 'web',
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    state: 'state-1',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...more,
  })
  const response = await server.fetch(`${server.issuer}/authorize?${query}`)
  return new URL(response.headers.get('location') ?? '').searchParams
}

export function exchange(
  server: FakeAuthorizationServer,
  code: string | null,
  more: Record<string, string> = {},
): Promise<Response> {
  return post(server, '/token', {
    grant_type: 'authorization_code',
    code: code ?? '',
    redirect_uri: REDIRECT_URI,
    code_verifier: VERIFIER,
    ...more,
  })
}

export function claimsOf(idToken: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(idToken?.split('.')[1] ?? '', 'base64url').toString())
}
