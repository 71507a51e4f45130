import type { Arrival } from './journal.ts'
import type { RequestKind } from './model.ts'

/** The paths of the endpoints below the issuer. */
export type Paths = Readonly<Record<Exclude<RequestKind, 'discovery' | 'refresh'>, string>>

export const DEFAULT_PATHS: Paths = {
  authorize: '/authorize',
  token: '/token',
  jwks: '/jwks',
  revoke: '/revoke',
  userinfo: '/userinfo',
  endSession: '/end_session',
}

export async function toArrival(request: Request, issuer: string, paths: Paths): Promise<Arrival> {
  const url = new URL(request.url)
  const parameters = await parametersOf(request, url)
  const { method, headers } = request
  return { kind: kindOf(url, parameters, new URL(issuer), paths), method, url, headers, parameters }
}

async function parametersOf(request: Request, url: URL): Promise<URLSearchParams> {
  if (request.method !== 'POST') return url.searchParams
  const text = await request.text()
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers.get('content-type') ?? '')
  return new URLSearchParams(isForm ? text : '')
}

/** The two well-known addresses treat a path in the issuer differently: RFC 8414 section 3.1 puts it last. */
function kindOf(url: URL, parameters: URLSearchParams, issuer: URL, paths: Paths): Arrival['kind'] {
  if (url.origin !== issuer.origin) return 'elsewhere'
  const base = issuer.pathname.replace(/\/$/, '')
  if (url.pathname === `/.well-known/oauth-authorization-server${base}`) return 'discovery'
  if (url.pathname === `${base}/.well-known/openid-configuration`) return 'discovery'
  const names = Object.keys(paths) as (keyof Paths)[]
  const kind = names.find((name) => url.pathname === base + paths[name]) ?? 'unknown'
  return kind === 'token' && parameters.get('grant_type') === 'refresh_token' ? 'refresh' : kind
}
