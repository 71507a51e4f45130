import * as oauth from 'oauth4webapi'
import type { TokenGrant } from '../../rules/session-record.ts'
import { parseJsonObject, readTokenResponse } from '../../rules/token-response.ts'
import { oauthError } from './answers.ts'
import type { Connection } from './connection.ts'
import { claimsOfSignIn } from './id-token.ts'
import { signInFailed } from './sign-in-errors.ts'

/** What a login keeps until its callback comes. */
export interface LoginTransaction {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
  /** Seconds since the user has really signed in, at most; the ID token has to prove it. */
  readonly maxAge?: number | undefined
}

/** Signing in, by the authorization code flow with PKCE. */
export interface SignInProtocol {
  newTransaction(redirectUri: string): LoginTransaction
  /** @throws TryLaterError or ConfigurationError when the metadata cannot be had. */
  authorizationUrl(transaction: LoginTransaction, parameters: URLSearchParams): Promise<URL>
  /** @throws RequestRefusedError when the response is not the one that was waited for. */
  redeem(response: URLSearchParams, transaction: LoginTransaction): Promise<TokenGrant>
}

/** @param openid - Whether a sign-in must bring an ID token. */
export function createSignInProtocol(connection: Connection, openid: boolean): SignInProtocol {
  const { client, authenticate, wire, clock, metadata } = connection

  async function redeem(parameters: URLSearchParams, transaction: LoginTransaction): Promise<TokenGrant> {
    const server = await metadata()
    try {
      const { state, redirectUri, codeVerifier, nonce, maxAge } = transaction
      const code = oauth.validateAuthResponse(server, client, parameters, state)
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
      if (!openid) return grant
      return { ...grant, claims: await claimsOfSignIn(connection, server, grant.idToken, nonce, maxAge) }
    } catch (error) {
      throw signInFailed(error)
    }
  }

  return {
    redeem,
    newTransaction: (redirectUri) => ({
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      codeVerifier: oauth.generateRandomCodeVerifier(),
      redirectUri,
    }),
    async authorizationUrl(transaction, parameters) {
      const url = new URL((await metadata()).authorization_endpoint ?? '')
      for (const [name, value] of parameters) url.searchParams.append(name, value)
      url.searchParams.set('client_id', client.client_id)
      url.searchParams.set('response_type', 'code')
      url.searchParams.set('redirect_uri', transaction.redirectUri)
      url.searchParams.set('state', transaction.state)
      if (openid) url.searchParams.set('nonce', transaction.nonce)
      const challenge = await oauth.calculatePKCECodeChallenge(transaction.codeVerifier)
      url.searchParams.set('code_challenge', challenge)
      url.searchParams.set('code_challenge_method', 'S256')
      return url
    },
  }
}
