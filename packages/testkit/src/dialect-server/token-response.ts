import { toBase64Url } from '../authorization-server/base64url.ts'
import type { TokenResponse } from '../authorization-server/model.ts'
import type { Dialect } from './dialect.ts'

/** The facts about one token request that shape its response. */
export interface TokenRequestFacts {
  readonly isRefresh: boolean
  readonly hasRefreshToken: boolean
  /** The refresh token in the request. */
  readonly presented: string | null
  readonly acceptsJson: boolean
  readonly secret: string
}

/** Writes a token response of the standard in the form of the dialect. */
export async function shapeTokenResponse(
  dialect: Dialect,
  response: TokenResponse,
  request: TokenRequestFacts,
): Promise<Response> {
  const { tokenResponse: form = {}, idTokens, refreshTokens } = dialect
  const refreshToken = refreshTokens?.isRepeated ? request.presented : undefined
  const tokens = {
    access_token: response.access_token,
    ...(form.tokenType !== null && { token_type: form.tokenType ?? response.token_type }),
    ...expiry(form.expiresIn, response.expires_in),
    ...scope(dialect, response.scope),
    ...(request.hasRefreshToken && omitNothing('refresh_token', response.refresh_token ?? refreshToken)),
    ...(idTokens &&
      response.id_token && { id_token: await idToken(idTokens, response.id_token, request.secret) }),
  }
  const nestedIn = request.isRefresh ? undefined : form.nestedIn
  const body = { ...form.members, ...(nestedIn === undefined ? tokens : { [nestedIn]: tokens }) }
  if (!form.isForm || request.acceptsJson) return Response.json(body)
  return new Response(new URLSearchParams(body as Record<string, string>))
}

function omitNothing(name: string, value: string | null | undefined): object {
  return value === null || value === undefined ? {} : { [name]: value }
}

function expiry(form: 'number' | 'text' | 'absent' = 'number', seconds: number): object {
  if (form === 'absent') return {}
  return { expires_in: form === 'text' ? String(seconds) : seconds }
}

function scope({ tokenResponse, scopeSeparator = ' ' }: Dialect, granted: string): object {
  const form = tokenResponse?.scope ?? 'text'
  if (form === 'absent') return {}
  return {
    [tokenResponse?.scopeMember ?? 'scope']:
      form === 'list' ? granted.split(' ') : granted.replaceAll(' ', scopeSeparator),
  }
}

/** The model server signs with a key pair, so a token with `HS256` is signed again. */
async function idToken(
  { algorithm }: NonNullable<Dialect['idTokens']>,
  signed: string,
  secret: string,
): Promise<string> {
  if (algorithm !== 'HS256') return signed
  const [, claims = ''] = signed.split('.')
  const input = `${toBase64Url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }))}.${claims}`
  const encoder = new TextEncoder()
  const parameters = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), parameters, false, ['sign'])
  return `${input}.${toBase64Url(await crypto.subtle.sign('HMAC', key, encoder.encode(input)))}`
}
