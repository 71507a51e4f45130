import * as oauth from 'oauth4webapi'
import type { SignInServer } from '../../ports/authorization-server.ts'
import { writeScope } from '../../rules/protocol/token-dialect.ts'
import { classifyRefusal } from '../../rules/refresh/classify.ts'
import {
  ConfigurationError,
  EvertokenError,
  RequestRefusedError,
  SignInRequiredError,
} from '../../vocabulary/index.ts'
import { sha256 } from '../runtime/digest.ts'
import { redact } from '../runtime/redact.ts'
import { type Connection, unavailable } from './connection.ts'
import { authenticationInsufficient, readSignInClaims } from './id-token.ts'
import { requestTokens, toOAuthError } from './token-request.ts'

/**
 * Creates the part of an authorization server that signs users in with the authorization code flow and PKCE.
 *
 * @param openid - Whether a sign-in must return an ID token.
 */
export function createSignInServer(connection: Connection, openid: boolean): SignInServer {
  const { client, authenticator, wire, fetchMetadata } = connection
  return {
    async authorize({ state, nonce, codeVerifier, redirectUri }, parameters) {
      const url = new URL((await fetchMetadata()).authorization_endpoint ?? '')
      for (const [name, value] of parameters)
        url.searchParams.append(name, name === 'scope' ? writeScope(value, connection) : value)
      return withQuery(url, {
        client_id: client.client_id,
        response_type: 'code',
        redirect_uri: redirectUri,
        state,
        nonce: openid ? nonce : undefined,
        code_challenge: await sha256(codeVerifier),
        code_challenge_method: 'S256',
      })
    },
    async redeem(parameters, transaction, unused) {
      const metadata = await fetchMetadata()
      let refreshToken: string | undefined
      try {
        const { state, redirectUri, codeVerifier } = transaction
        const code = oauth.validateAuthResponse(metadata, client, parameters, state)
        const authenticate = await authenticator.request()
        const result = await requestTokens(
          () =>
            oauth.authorizationCodeGrantRequest(
              metadata,
              client,
              authenticate,
              code,
              redirectUri,
              codeVerifier,
              wire,
            ),
          connection,
        )
        const { grant } = result
        refreshToken = grant?.refreshToken
        if (!grant?.accessToken) throw toOAuthError(result)
        if (!openid) return grant
        return { ...grant, claims: await readSignInClaims(client, metadata, grant.idToken, transaction) }
      } catch (error) {
        if (refreshToken !== undefined) unused(refreshToken)
        throw signInError(error)
      }
    },
  }
}

function signInError(error: unknown): EvertokenError {
  if (error instanceof EvertokenError) return error
  const cause = redact(error)
  const options = { cause }
  const { code, error: oauthError = '', status = 400 } = cause
  if (classifyRefusal(status, oauthError) === 'misconfigured') {
    const message = 'Cannot sign in: the authorization server refuses this client; check its id and secret'
    return new ConfigurationError('client_rejected', message, options)
  }
  const isSilent = code === undefined && oauthError === ''
  if (isSilent || status >= 500) return unavailable('finish the sign-in', cause)
  // The authorization server requires interaction with the user (OIDC Core §3.1.2.6).
  if (oauthError.endsWith('_required')) {
    const message = 'Cannot sign in without asking the user: sign in again, not silently'
    return new SignInRequiredError('login_required', message, options)
  }
  // See OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
  if (oauthError === 'unmet_authentication_requirements') return authenticationInsufficient(options)
  if (oauthError === 'access_denied') {
    const message = 'Cannot sign in: the user or the authorization server refused'
    return new RequestRefusedError('access_denied', message, options)
  }
  const message = 'Cannot sign in: the authorization response was refused; sign in again'
  return new RequestRefusedError('authorization_response_invalid', message, options)
}

/** Returns an endpoint with these parameters. They replace parameters of the same name. Omits undefined values. */
export function withQuery(
  endpoint: URL | string,
  parameters: Readonly<Record<string, string | undefined>>,
): URL {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value)
  return url
}
