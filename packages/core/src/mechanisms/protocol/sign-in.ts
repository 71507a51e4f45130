import * as oauth from 'oauth4webapi'
import type { LoginTransaction, SignInGrant, SignInServer } from '../../ports/authorization-server.ts'
import type { AuthorizationRequestMode, ResponseMode } from '../../ports/authorization-mode.ts'
import { areGranted } from '../../rules/protocol/authorization-details.ts'
import { expectedResponseIssuer } from '../../rules/protocol/issuer.ts'
import { withQuery } from '../../rules/sign-in/end-session-url.ts'
import { supportedScope } from '../../rules/sign-in/login-request.ts'
import { sha256 } from '../runtime/digest.ts'
import type { ServerAddresses } from '../../rules/protocol/server-addresses.ts'
import { conversionOf } from './authorization-mode.ts'
import { type Connection, withIssuer } from './connection.ts'
import { requireEndpoint } from './discovery.ts'
import { readSignInClaims, verified } from './id-token.ts'
import { detailsNotGranted, idTokenMissing, signInError, tokenEndpointError } from './sign-in-errors.ts'
import { requestTokens, type TokenEndpointResponse } from './token-request.ts'
import type { TokenSignatures } from './token-signatures.ts'
import { createUserInfo, type UserInfoChoice } from './user-info.ts'

/** How users sign in at one server. */
export interface SignInServerOptions {
  /** Whether a sign-in must return an ID token. */
  readonly openid: boolean
  /** Whether a sign-in sends a `nonce`, which the ID token must repeat. */
  readonly nonce: boolean
  /** Whether Evertoken has chosen the scope, and can leave out what the server does not support. */
  readonly isDefaultScope?: boolean
  /** The `redirect_uri` of requests, if it is not the URL of the callback. */
  readonly redirectUri?: string | undefined
  readonly userInfo: UserInfoChoice
  readonly addresses: ServerAddresses
  /** How the authorization request is sent. Default: in the URL that the browser opens. */
  readonly authorizationRequest?: AuthorizationRequestMode | undefined
  /** How an authorization response is read. A name: its parameters are not signed. */
  readonly signedResponse?: ResponseMode | string
}

/** The facts that the token response of a user must prove. */
export type SignInRequirements = Pick<
  LoginTransaction,
  'maxAge' | 'acrValues' | 'detailTypes' | 'proofKey'
> & {
  /** `undefined` if the request has sent none. */
  readonly nonce: string | undefined
}

/** The functions that other grants of a user share with the authorization code flow. */
export interface ConnectedSignInServer extends SignInServer {
  /** Returns a scope as requests to this server contain it. */
  requestScope(scope: string, metadata: oauth.AuthorizationServer): string
  /**
   * Validates the token response of a user, and adds the claims.
   *
   * @throws {EvertokenError} If it has no usable token, or does not prove the required facts.
   */
  acceptTokens(
    result: TokenEndpointResponse,
    metadata: oauth.AuthorizationServer,
    required: SignInRequirements,
  ): Promise<SignInGrant>
}

/** Creates the part of an authorization server that signs users in with the authorization code flow and PKCE. */
export function createSignInServer(
  connection: Connection,
  signatures: TokenSignatures,
  options: SignInServerOptions,
): ConnectedSignInServer {
  const { client, authenticator, binding, fetchMetadata, scopeSeparator } = connection
  const { openid, nonce: usesNonce, isDefaultScope = false, userInfo } = options
  const convertRequest = conversionOf<URL>(options.authorizationRequest)
  const convertResponse = conversionOf<URLSearchParams>(options.signedResponse)
  const context = async () => ({ metadata: await fetchMetadata(), connection, signatures })
  const addUserInfo = createUserInfo(connection, signatures, userInfo)

  function requestScope(scope: string, { scopes_supported: supported }: oauth.AuthorizationServer): string {
    return (isDefaultScope ? supportedScope(scope, supported) : scope).replaceAll(' ', scopeSeparator)
  }

  async function acceptTokens(
    result: TokenEndpointResponse,
    metadata: oauth.AuthorizationServer,
    required: SignInRequirements,
  ): Promise<SignInGrant> {
    const { proofKey, detailTypes = [] } = required
    const grant = result.grant && { ...result.grant, proofKey }
    if (!grant?.accessToken) throw tokenEndpointError(result)
    if (!areGranted(detailTypes, grant.accessToken.authorizationDetails)) throw detailsNotGranted()
    const { idToken } = grant
    if (openid && idToken === undefined) throw idTokenMissing(result)
    const expected = connection.metadataForToken(metadata, idToken)
    const { clock } = connection
    const claims =
      openid && idToken !== undefined
        ? await readSignInClaims(client, signatures, expected, idToken, { ...required, clock })
        : undefined
    const tokenResponse = withoutTokens(result.body)
    return {
      ...grant,
      ...verified(claims, grant),
      ...(await addUserInfo(expected, grant, claims, tokenResponse)),
      tokenResponse,
    }
  }

  return {
    requestScope,
    acceptTokens,
    async authorize({ state, nonce, codeVerifier, redirectUri, proofKey }, parameters) {
      const metadata = await fetchMetadata()
      const url = new URL(requireEndpoint(metadata, 'authorization_endpoint', options.addresses))
      for (const [name, value] of parameters) url.searchParams.append(name, value)
      const scope = parameters.get('scope')
      const full = withQuery(url, {
        scope: scope === null ? undefined : requestScope(scope, metadata),
        client_id: client.client_id,
        response_type: 'code',
        redirect_uri: options.redirectUri ?? redirectUri,
        state,
        nonce: openid && usesNonce ? nonce : undefined,
        code_challenge: await sha256(codeVerifier),
        code_challenge_method: 'S256',
        // Binds the code to the key (RFC 9449 §10).
        dpop_jkt: proofKey && (await binding?.thumbprint(proofKey)),
      })
      return convertRequest?.(full, await context()) ?? full
    },
    readResponse: async (parameters) => convertResponse?.(parameters, await context()) ?? parameters,
    async redeem(parameters, transaction, unused) {
      const metadata = await fetchMetadata()
      let refreshToken: string | undefined
      try {
        const { state, redirectUri, codeVerifier, proofKey } = transaction
        const issuer = expectedResponseIssuer(metadata.issuer, parameters.get('iss'), connection.tenants)
        const response = oauth.validateAuthResponse(withIssuer(metadata, issuer), client, parameters, state)
        const authenticate = await authenticator.request()
        const result = await requestTokens(
          new URLSearchParams({
            grant_type: 'authorization_code',
            code: codeOf(response),
            redirect_uri: options.redirectUri ?? redirectUri,
            code_verifier: codeVerifier,
          }),
          authenticate,
          metadata,
          connection,
          { isSignIn: true, proofKey },
        )
        refreshToken = result.grant?.refreshToken
        const nonce = usesNonce ? transaction.nonce : undefined
        return await acceptTokens(result, metadata, { ...transaction, nonce })
      } catch (error) {
        if (refreshToken !== undefined) unused(refreshToken)
        throw signInError(error)
      }
    },
    async addUserInfo(grant, claims) {
      const metadata = connection.metadataForToken(await fetchMetadata(), grant.idToken)
      return addUserInfo(metadata, grant, claims, {})
    },
  }
}

/** @throws If the authorization response has no code, or several. */
function codeOf(response: URLSearchParams): string {
  const [code, ...others] = response.getAll('code')
  if (code && others.length === 0) return code
  throw { name: 'AuthorizationResponseError', code: oauth.INVALID_RESPONSE }
}

/** Returns the members that are not needed to keep a grant. The application can see them. */
function withoutTokens(body: unknown): Readonly<Record<string, unknown>> {
  const {
    access_token: _,
    refresh_token: __,
    id_token: ___,
    ...members
  } = Object(body) as Record<string, unknown>
  return members
}
