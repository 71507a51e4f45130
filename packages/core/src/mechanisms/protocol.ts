import * as oauth from 'oauth4webapi'
import type { RefreshAnswer, TokenEndpoint } from '../ports/authorization-server.ts'
import type { Clock } from '../ports/clock.ts'
import type { Flights } from '../ports/flights.ts'
import { readJwt } from '../rules/jwt.ts'
import { judgeLogoutToken, type LogoutToken } from '../rules/logout-token.ts'
import type { TokenGrant, UserClaims } from '../rules/session-record.ts'
import type { TokenRequest } from '../rules/token-key.ts'
import { parseJsonObject, readTokenResponse } from '../rules/token-response.ts'
import { TryLaterError } from '../vocabulary/index.ts'
import { type Http, METADATA_BYTES, TOKEN_RESPONSE_BYTES } from './http.ts'
import { sameUser, userClaims } from '../rules/id-token-claims.ts'
import { createMetadataCache } from './metadata.ts'
import {
  logoutTokenFailed,
  logoutTokenRefused,
  oauthError,
  refused,
  signInFailed,
  unanswered,
  wrongMetadata,
} from './protocol-errors.ts'
import { redact } from './redact.ts'
import { systemClock } from './system-clock.ts'

/** How the client proves to the token endpoint who it is (RFC 6749 §2.3). */
export type ClientAuthentication =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly clientSecret: string }
  | { readonly method: 'none' }

/** What a login keeps until its callback comes. */
export interface LoginTransaction {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
  /** Seconds since the user has really signed in, at most; the ID token has to prove it. */
  readonly maxAge?: number
}

/** The authorization server, as a client sees it. */
export interface Protocol extends TokenEndpoint {
  newTransaction(redirectUri: string): LoginTransaction
  /** @throws TryLaterError or ConfigurationError when the metadata cannot be had. */
  authorizationUrl(transaction: LoginTransaction, parameters: URLSearchParams): Promise<URL>
  /** @throws RequestRefusedError when the response is not the one that was waited for. */
  redeem(response: URLSearchParams, transaction: LoginTransaction): Promise<TokenGrant>
  /** Resolves to `undefined` when the server offers no RP-initiated logout. */
  endSessionUrl(parameters: Readonly<Record<string, string>>): Promise<URL | undefined>
  /**
   * Checks a logout token (OIDC Back-Channel Logout §2.6), all but whether it was used before.
   *
   * @throws RequestRefusedError when it does not hold, TryLaterError when that cannot be told now.
   */
  logoutToken(token: string): Promise<LogoutToken>
  /** Of the metadata, what tells what the server can do. */
  capabilities(): Promise<Readonly<Record<string, unknown>>>
}

export interface ProtocolOptions {
  readonly issuer: string
  /** Where the metadata is, when not at the well-known place. */
  readonly metadataUrl?: string | undefined
  readonly clientId: string
  readonly authentication: ClientAuthentication
  /** Whether plain http is allowed: only for an issuer on loopback. */
  readonly insecure: boolean
  /** Whether a sign-in must bring an ID token. */
  readonly openid: boolean
  readonly http: Http
  readonly flights: Flights
  readonly clock: Clock
}

const CAPABILITIES = [
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
  'jwks_uri',
  'code_challenge_methods_supported',
  'response_modes_supported',
  'id_token_signing_alg_values_supported',
  'authorization_response_iss_parameter_supported',
  'backchannel_logout_supported',
  'backchannel_logout_session_supported',
  'frontchannel_logout_supported',
  'frontchannel_logout_session_supported',
] as const

/** The protocol, by oauth4webapi; the one file that knows it. */
export function createProtocol(options: ProtocolOptions): Protocol {
  const { clock } = options
  const client: oauth.Client = {
    client_id: options.clientId,
    // Makes oauth4webapi, which reads the system's clock, judge ID tokens by ours.
    get [oauth.clockSkew]() {
      return clock.now() - systemClock.now()
    },
  }
  const authenticate = clientAuthentication(options.authentication)
  const metadata = createMetadataCache(() => discover(options), options.flights, clock)
  const wire = wireOptions(options, TOKEN_RESPONSE_BYTES)
  const keys = wireOptions(options, METADATA_BYTES)

  async function refresh(
    refreshToken: string,
    request: TokenRequest,
    user: UserClaims,
  ): Promise<RefreshAnswer> {
    try {
      const server = await metadata()
      const sentAt = clock.now()
      const additionalParameters = parametersOf(request)
      const response = await oauth.refreshTokenGrantRequest(server, client, authenticate, refreshToken, {
        ...wire,
        additionalParameters,
      })
      const body = parseJsonObject(await response.text())
      const grant = response.status === 200 ? readTokenResponse(body, sentAt) : undefined
      if (!grant?.accessToken && !grant?.refreshToken) return refused(response, body, clock.now())
      return await withClaims(server, grant, user)
    } catch (error) {
      return unanswered(error)
    }
  }

  async function withClaims(
    server: oauth.AuthorizationServer,
    grant: TokenGrant,
    user: UserClaims,
  ): Promise<RefreshAnswer> {
    const { idToken, ...rest } = grant
    if (idToken === undefined) return { kind: 'refreshed', grant }
    try {
      const result = await oauth.processRefreshTokenResponse(server, client, idTokenAlone(idToken))
      const claims = userClaims(oauth.getValidatedIdTokenClaims(result))
      const same = sameUser(user, claims)
      if (same === 'another_subject') return { kind: 'subject_changed', grant: rest }
      if (same) return { kind: 'refreshed', grant: { ...grant, claims } }
    } catch {
      // An ID token that does not hold costs its claims, not the tokens beside it.
    }
    return { kind: 'refreshed', grant: rest, idTokenIgnored: true }
  }

  async function redeem(parameters: URLSearchParams, transaction: LoginTransaction): Promise<TokenGrant> {
    const server = await metadata()
    try {
      const code = oauth.validateAuthResponse(server, client, parameters, transaction.state)
      const { redirectUri, codeVerifier, nonce, maxAge } = transaction
      const sentAt = clock.now()
      const answer = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        authenticate,
        code,
        redirectUri,
        codeVerifier,
        wire,
      )
      const body = parseJsonObject(await answer.text())
      const grant = answer.status === 200 ? readTokenResponse(body, sentAt) : undefined
      if (!grant?.accessToken) throw oauthError(answer.status, body)
      if (!options.openid) return grant
      const result = await oauth.processAuthorizationCodeResponse(
        server,
        client,
        idTokenAlone(grant.idToken),
        {
          expectedNonce: nonce,
          requireIdToken: true,
          ...(maxAge !== undefined && { maxAge }),
        },
      )
      return { ...grant, claims: userClaims(oauth.getValidatedIdTokenClaims(result)) }
    } catch (error) {
      throw signInFailed(error)
    }
  }

  return {
    refresh,
    redeem,
    newTransaction: (redirectUri) => ({
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      codeVerifier: oauth.generateRandomCodeVerifier(),
      redirectUri,
    }),
    async ready() {
      await metadata()
    },
    async authorizationUrl(transaction, parameters) {
      const url = new URL((await metadata()).authorization_endpoint ?? '')
      for (const [name, value] of parameters) url.searchParams.append(name, value)
      url.searchParams.set('client_id', options.clientId)
      url.searchParams.set('response_type', 'code')
      url.searchParams.set('redirect_uri', transaction.redirectUri)
      url.searchParams.set('state', transaction.state)
      if (options.openid) url.searchParams.set('nonce', transaction.nonce)
      const challenge = await oauth.calculatePKCECodeChallenge(transaction.codeVerifier)
      url.searchParams.set('code_challenge', challenge)
      url.searchParams.set('code_challenge_method', 'S256')
      return url
    },
    async revoke(token, hint = 'refresh_token') {
      try {
        const server = await metadata()
        if (server.revocation_endpoint === undefined) return 'unsupported'
        const additionalParameters = { token_type_hint: hint }
        const response = await oauth.revocationRequest(server, client, authenticate, token, {
          ...wire,
          additionalParameters,
        })
        if (response.status === 200) return 'revoked'
        const { error } = oauthError(response.status, parseJsonObject(await response.text()))
        return error === 'unsupported_token_type' ? 'unsupported' : 'failed'
      } catch {
        return 'failed'
      }
    },
    async endSessionUrl(parameters) {
      const endpoint = (await metadata()).end_session_endpoint
      if (endpoint === undefined) return undefined
      const url = new URL(endpoint)
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      return url
    },
    async logoutToken(token) {
      const server = await metadata()
      const jwt = readJwt(token)
      const alg = jwt?.header['alg']
      const pinned = server.id_token_signing_alg_values_supported ?? ['RS256']
      if (!jwt || typeof alg !== 'string' || !pinned.includes(alg))
        throw logoutTokenRefused('is not signed as the authorization server signs')
      try {
        // The one function that checks the signature of any JWT, beside its issuer, audience and expiry.
        const verifier = { ...client, authorization_signed_response_alg: alg }
        const response = new URLSearchParams({ response: token })
        await oauth.validateJwtAuthResponse(server, verifier, response, oauth.skipStateCheck, keys)
      } catch (error) {
        throw logoutTokenFailed(error)
      }
      const judged = judgeLogoutToken(jwt, clock.now())
      if (typeof judged === 'string') throw logoutTokenRefused(judged)
      return judged
    },
    async capabilities() {
      const server = await metadata()
      return Object.fromEntries(CAPABILITIES.map((name) => [name, server[name]]))
    },
  }
}

function clientAuthentication(authentication: ClientAuthentication): oauth.ClientAuth {
  switch (authentication.method) {
    case 'client_secret_basic':
      return oauth.ClientSecretBasic(authentication.clientSecret)
    case 'client_secret_post':
      return oauth.ClientSecretPost(authentication.clientSecret)
    case 'none':
      return oauth.None()
  }
}

function wireOptions({ http, insecure }: ProtocolOptions, maxBytes: number) {
  return {
    [oauth.customFetch]: (url: string, init: object) => http(url, init, maxBytes),
    [oauth.allowInsecureRequests]: insecure,
  }
}

/** RFC 8414 §3.3: the issuer is compared byte for byte. */
async function discover(options: ProtocolOptions): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(options.issuer)
  const wire = wireOptions(options, METADATA_BYTES)
  let metadata: oauth.AuthorizationServer
  try {
    let response =
      options.metadataUrl === undefined
        ? await oauth.discoveryRequest(issuer, wire)
        : await options.http(options.metadataUrl, undefined, METADATA_BYTES)
    if (response.status === 404 && options.metadataUrl === undefined) {
      response = await oauth.discoveryRequest(issuer, { ...wire, algorithm: 'oauth2' })
    }
    metadata = await oauth.processDiscoveryResponse(issuer, response)
  } catch (error) {
    const cause = redact(error)
    if (cause.code === oauth.JSON_ATTRIBUTE_COMPARISON) throw wrongMetadata('names another issuer')
    const message = 'Cannot fetch the metadata of the authorization server: try again later'
    throw new TryLaterError('authorization_server_unavailable', message, { cause, retryAfterSeconds: 1 })
  }
  if (metadata.issuer !== options.issuer) throw wrongMetadata('names the issuer in another spelling')
  for (const endpoint of ['authorization_endpoint', 'token_endpoint'] as const) {
    const url = URL.canParse(metadata[endpoint] ?? '') ? new URL(metadata[endpoint] ?? '') : undefined
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && options.insecure)
    if (!isSafe) throw wrongMetadata(`has no ${endpoint}, or none on https`)
  }
  return metadata
}

function parametersOf({ resource, scope, parameters }: TokenRequest): URLSearchParams {
  const result = new URLSearchParams(parameters)
  for (const uri of [resource ?? []].flat()) result.append('resource', uri)
  if (scope !== undefined) result.set('scope', scope)
  return result
}

/** Lets oauth4webapi judge the ID token alone: what stands beside it has been read already, and more leniently. */
function idTokenAlone(idToken: string | undefined): Response {
  return Response.json({ access_token: 'unused', token_type: 'bearer', id_token: idToken })
}
