import type { Arrival } from './journal.ts'
import type { RequestKind } from './model.ts'

const ENDPOINTS: Readonly<Record<string, RequestKind>> = {
  '/.well-known/openid-configuration': 'discovery',
  '/authorize': 'authorize',
  '/token': 'token',
  '/jwks': 'jwks',
  '/revoke': 'revoke',
  '/userinfo': 'userinfo',
  '/end_session': 'endSession',
}

export async function toArrival(request: Request, issuer: string): Promise<Arrival> {
  const url = new URL(request.url)
  const parameters = await parametersOf(request, url)
  const { method, headers } = request
  return { kind: kindOf(url, parameters, new URL(issuer)), method, url, headers, parameters }
}

async function parametersOf(request: Request, url: URL): Promise<URLSearchParams> {
  if (request.method !== 'POST') return url.searchParams
  const text = await request.text()
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers.get('content-type') ?? '')
  return new URLSearchParams(isForm ? text : '')
}

/** The two well-known addresses treat a path in the issuer differently: RFC 8414 section 3.1 puts it last. */
function kindOf(url: URL, parameters: URLSearchParams, issuer: URL): Arrival['kind'] {
  if (url.origin !== issuer.origin) return 'elsewhere'
  const base = issuer.pathname.replace(/\/$/, '')
  if (url.pathname === `/.well-known/oauth-authorization-server${base}`) return 'discovery'
  if (!url.pathname.startsWith(base)) return 'unknown'
  const kind = ENDPOINTS[url.pathname.slice(base.length)] ?? 'unknown'
  return kind === 'token' && parameters.get('grant_type') === 'refresh_token' ? 'refresh' : kind
}
