import * as oauth from 'oauth4webapi'
import type { SignInGrant } from '../../ports/authorization-server.ts'
import type { Credential, OpenRequestInit } from '../../ports/credential.ts'
import type { TokenGrant, UserClaims } from '../../model/token-grant.ts'
import { isRateLimit, MAX_USER_INFO, readUserInfo, withUserInfo } from '../../rules/protocol/user-info.ts'
import { ConfigurationError, EvertokenError, RequestRefusedError } from '../../vocabulary/index.ts'
import { createCredential } from '../calls/bearer-credential.ts'
import { redact, withUrl } from '../runtime/redact.ts'
import type { Connection } from './connection.ts'
import { unavailable } from './discovery-errors.ts'
import type { TokenSignatures } from './token-signatures.ts'

/**
 * How UserInfo differs from the standard.
 *
 * @example
 *   const claims = ({ id, name }: Record<string, unknown>) => ({ sub: String(id), name })
 *   const userInfo = { url: 'https://api.github.com/user', claims }
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfo OpenID Connect Core, section 5.3: UserInfo Endpoint}
 */
export interface UserInfoProfile {
  /**
   * The URL of UserInfo. The access token of the sign-in is sent there.
   *
   * @default `userinfo_endpoint` of the metadata
   */
  readonly url?: string
  /**
   * A JSON text, such as a GraphQL query. Evertoken then sends it with POST.
   *
   * @default a GET request
   */
  readonly body?: string
  /**
   * Whether the token response of a sign-in already names the user. Evertoken then sends no request, and `claims` gets the
   * members of this response that are not tokens.
   *
   * @default false
   */
  readonly fromTokenResponse?: boolean
  /**
   * Converts the response to claims. Needed if the response has no `sub`, which can be a number. The default keeps the response as it is. The second
   * argument has the further members of the token response, which name the user at some servers.
   */
  readonly claims?: (
    answer: Readonly<Record<string, unknown>>,
    tokenResponse: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>>
  /**
   * Whether UserInfo is fetched also after each refresh. Its claims and those of the latest ID token then replace the claims
   * of the session. The tokens are stored first, and no caller waits for it. If UserInfo fails, or the refresh was for another
   * API, the session keeps its claims, and `onSignIn` is not called.
   *
   * `claims` must then have one parameter, because only a sign-in has the members of the token response.
   *
   * @default false
   */
  readonly afterRefresh?: boolean
}

type Members = Readonly<Record<string, unknown>>

/** Whether UserInfo is fetched at a sign-in. An object also identifies users without an ID token. */
export type UserInfoChoice = boolean | UserInfoProfile

/** Adds the claims of UserInfo to the claims of the ID token, or identifies the user without an ID token. */
export type AddUserInfo = (
  metadata: oauth.AuthorizationServer,
  grant: TokenGrant,
  claims: UserClaims | undefined,
  tokenResponse: Members,
) => Promise<Pick<SignInGrant, 'claims' | 'userInfoFailure'>>

/**
 * Creates the part of a sign-in that fetches UserInfo (OIDC Core §5.3).
 *
 * A response that cannot be used costs only its claims, because the ID token identifies the user. A response about another
 * user refuses the sign-in.
 */
export function createUserInfo(
  connection: Connection,
  signatures: TokenSignatures,
  choice: UserInfoChoice,
): AddUserInfo {
  const profile: UserInfoProfile = typeof choice === 'object' ? choice : {}
  return async (metadata, { accessToken, proofKey }, claims, tokenResponse) => {
    const url = profile.url ?? metadata.userinfo_endpoint
    const isWanted = typeof choice === 'object' || (choice && claims !== undefined && url !== undefined)
    if (!isWanted || !accessToken) return { claims }
    let answer: Members
    try {
      const credential = createCredential(accessToken, proofKey, connection.binding)
      const { body, fromTokenResponse } = profile
      answer = fromTokenResponse
        ? tokenResponse
        : await requestUserInfo(connection, signatures, metadata, { url: url ?? '', body }, credential)
    } catch (error) {
      return withoutUserInfo(claims, error)
    }
    const userInfo = readUserInfo(toClaims(profile, answer, tokenResponse))
    const id = userInfo?.['sub']
    const sub = typeof id === 'number' ? String(id) : id
    if (!userInfo || typeof sub !== 'string' || sub === '')
      return withoutUserInfo(claims, failure({ code: 'SUB_MISSING' }))
    if (claims && sub !== claims.sub) throw otherUser()
    return { claims: withUserInfo(claims, { ...userInfo, sub }) }
  }
}

/** @throws {ConfigurationError} If the function of the application fails, or returns a promise. */
function toClaims({ claims }: UserInfoProfile, answer: Members, tokenResponse: Members): unknown {
  try {
    return claims ? claims(answer, tokenResponse) : answer
  } catch (error) {
    const cause = redact(error)
    const message = `Cannot use UserInfo: \`server.userInfo.claims\` threw a ${cause.name}. Return an object with \`sub\`.`
    throw new ConfigurationError('invalid_option', message, { cause })
  }
}

/**
 * Keeps the claims of the ID token, if there is one.
 *
 * @throws {EvertokenError} If only UserInfo could identify the user.
 */
function withoutUserInfo(
  claims: UserClaims | undefined,
  error: unknown,
): Pick<SignInGrant, 'claims' | 'userInfoFailure'> {
  const cause = redact(error)
  if (claims) return { claims, userInfoFailure: cause }
  if (error instanceof EvertokenError) throw error
  const { status = 0, code, url = '' } = cause
  if (code === 'SUB_MISSING' || code === 'URL_INVALID') {
    const message =
      'Cannot sign in: UserInfo has no `sub`. Set `server.userInfo.url`, or return it from `server.userInfo.claims`.'
    throw new ConfigurationError('invalid_option', message, { cause })
  }
  if (status >= 400 && status < 500 && status !== 408 && code !== 'RATE_LIMITED') {
    const message = `Cannot sign in: UserInfo at ${url} refuses the access token (status ${status}). Change \`scope\`, or set \`server.userInfo\` to \`false\`.`
    throw new ConfigurationError('client_rejected', message, { cause })
  }
  throw unavailable('fetch UserInfo, which identifies the user', cause)
}

async function requestUserInfo(
  { client, clock, http }: Connection,
  signatures: TokenSignatures,
  metadata: oauth.AuthorizationServer,
  { url, body: query }: { readonly url: string; readonly body: string | undefined },
  credential: Credential,
): Promise<Readonly<Record<string, unknown>>> {
  if (!URL.canParse(url)) throw failure({ code: 'URL_INVALID' })
  const headers = new Headers({ accept: 'application/json, application/jwt' })
  const method = query === undefined ? 'GET' : 'POST'
  if (query !== undefined) headers.set('content-type', 'application/json')
  const { href } = new URL(url)
  const hop = { href, method, headers, body: 'none', trusted: true } as const
  const fetch = (_: unknown, init: OpenRequestInit) =>
    http(url, query === undefined ? init : { ...init, method, body: query })
  const response = await credential.send({ fetch, target: href, init: { headers }, hop })
  const { status } = response
  const code = isRateLimit(status, response.headers) ? 'RATE_LIMITED' : undefined
  if (status !== 200) throw withUrl(failure({ status, code }), url)
  const text = await response.text()
  if (text.length > MAX_USER_INFO) throw failure({ code: 'BODY_TOO_LARGE' })
  const isSigned = /^application\/jwt\b/i.test(response.headers.get('content-type') ?? '')
  const answer = readUserInfo(isSigned ? await verified(text.trim()) : parseJson(text))
  if (!answer) throw failure({ code: 'BODY_MALFORMED' })
  return answer

  /** Returns the claims of a signed response (OIDC Core §5.3.2). */
  async function verified(jws: string): Promise<unknown> {
    const { userinfo_signing_alg_values_supported: listed } = metadata
    const algorithms = listed && { id_token_signing_alg_values_supported: listed }
    const jwt = signatures.read(jws, { ...metadata, ...algorithms })
    if (typeof jwt === 'string' || !(await signatures.isSigned(jws, jwt, metadata, 'server')))
      throw failure({ code: 'SIGNATURE_INVALID' })
    const { iss = metadata.issuer, aud = client.client_id, exp = Infinity } = jwt.claims
    if (iss !== metadata.issuer || ![aud].flat().includes(client.client_id))
      throw failure({ code: 'ISSUER_OR_AUDIENCE_INVALID' })
    if (!(Number(exp) + (client[oauth.clockTolerance] ?? 0) > clock.now())) throw failure({ code: 'EXPIRED' })
    return jwt.claims
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function failure(what: { readonly code?: string | undefined; readonly status?: number }): object {
  return { name: 'UserInfoError', ...what }
}

function otherUser(): RequestRefusedError {
  const cause = { name: 'UserInfoError', code: 'SUB_MISMATCH' }
  const message = 'Cannot sign in: UserInfo and ID token are about two users. Sign in again.'
  return new RequestRefusedError('authorization_response_invalid', message, { cause })
}
