import * as oauth from 'oauth4webapi'
import type { TokenGrant } from '../../model/session-record.ts'
import { sha256 } from '../runtime/digest.ts'
import type { Connection } from './connection.ts'
import { claimsOfSignIn } from './id-token.ts'
import { errorResponse, requestTokens } from './tokens.ts'
import { signInFailed } from './errors.ts'

/** The values of a login that its callback needs. */
export interface LoginTransaction {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
  /** Maximum time since the user authenticated, in seconds. The ID token must prove it. */
  readonly maxAge?: number | undefined
  /** Accepted values of `acr`, separated by spaces. The ID token must have one of them. */
  readonly acrValues?: string | undefined
}

/** Signs users in with the authorization code flow and PKCE. */
export interface SignInProtocol {
  /** @throws {TryLaterError | ConfigurationError} If the metadata is not available. */
  authorizationUrl(transaction: LoginTransaction, parameters: URLSearchParams): Promise<URL>
  /**
   * @param unused - Receives the refresh token if the sign-in fails after the server has issued one.
   * @throws {RequestRefusedError} If the response does not match the transaction.
   */
  redeem(
    response: URLSearchParams,
    transaction: LoginTransaction,
    unused: (refreshToken: string) => void,
  ): Promise<TokenGrant>
}

/** @param openid - Whether a sign-in must return an ID token. */
export function createSignInProtocol(connection: Connection, openid: boolean): SignInProtocol {
  const { client, authenticate, wire, serverClock, metadata } = connection
  return {
    async authorizationUrl({ state, nonce, codeVerifier, redirectUri }, parameters) {
      const url = new URL((await metadata()).authorization_endpoint ?? '')
      for (const [name, value] of parameters) url.searchParams.append(name, value)
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
      const server = await metadata()
      let refreshToken: string | undefined
      try {
        const { state, redirectUri, codeVerifier } = transaction
        const code = oauth.validateAuthResponse(server, client, parameters, state)
        const answer = await requestTokens(
          () =>
            oauth.authorizationCodeGrantRequest(
              server,
              client,
              authenticate,
              code,
              redirectUri,
              codeVerifier,
              wire,
            ),
          serverClock,
        )
        const { grant } = answer
        refreshToken = grant?.refreshToken
        if (!grant?.accessToken) throw errorResponse(answer)
        if (!openid) return grant
        return { ...grant, claims: await claimsOfSignIn(client, server, grant.idToken, transaction) }
      } catch (error) {
        if (refreshToken !== undefined) unused(refreshToken)
        throw signInFailed(error)
      }
    },
  }
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
