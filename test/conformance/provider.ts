import {
  type Claims,
  createAuthorizationServer,
  type FakeAuthorizationServer,
  type IdTokenTweak,
  type KeySet,
  type LogoutTokenOptions,
  type Paths,
  type ScriptEntry,
  type ShiftableClock,
  type SigningAlgorithm,
} from '@evertoken/testkit'
import { baseKeySet } from './decoy-keys.ts'

export const CLIENT = { id: 'conformance-client', secret: 'conformance secret: +% and more than 32 bytes' }
export const SUBJECT = 'user-subject-1234531'
/** The suite makes session IDs of letters, digits, punctuation marks and a space. */
export const SID = "aQwErTyUiOpAsDfGhJkL0123456789;:!' #"

/** Claims of the UserInfo response. No ID token of the provider has them. */
export const USER_INFO = { name: 'Demo T. User', email: 'user@example.com', email_verified: false }

/** How the provider differs from the base provider of the suite. */
export interface ProviderOptions {
  /** Changes the claims of an ID token of a sign-in. */
  readonly idToken?: (correct: Claims) => Claims
  /** Changes the claims of an ID token of a refresh. */
  readonly refreshedIdToken?: (correct: Claims) => Claims
  /** How ID tokens are signed. */
  readonly signature?: Omit<IdTokenTweak, 'claims'>
  /** The only algorithm of ID tokens. By default, the metadata lists all of them, and `none`. */
  readonly algorithm?: SigningAlgorithm
  readonly keySet?: KeySet
  readonly paths?: Partial<Paths>
  readonly metadata?: Claims
  /** Changes the metadata of each response. It gets the number of the response, from 1. */
  readonly discovery?: (metadata: { readonly issuer: string }, fetches: number) => Claims
  /** When all keys are replaced: before the ID token is signed, or at the second authorization request. */
  readonly rotation?: 'before signing' | 'second sign-in'
  /** Members that are replaced in UserInfo responses. */
  readonly userInfo?: Claims
  readonly userInfoAlgorithm?: SigningAlgorithm
  /** What the provider does instead of a correct authorization response. */
  readonly authorization?: ScriptEntry
  /** Whether it issues refresh tokens. */
  readonly refreshTokens?: boolean
  /** What is wrong with the logout token. */
  readonly logoutToken?: Pick<LogoutTokenOptions, 'signature' | 'algorithm'> & {
    readonly claims?: (correct: Claims) => Claims
  }
}

export interface Provider {
  readonly server: FakeAuthorizationServer
  /** Sends a logout token for the session of the user, and resolves to the response of the client. */
  sendLogoutToken(): Promise<Response>
  close(): Promise<void>
}

const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const LIFETIME_SECONDS = 300

/**
 * Starts the base provider of the suite on loopback, with these differences.
 *
 * @param client - The URL of the application that browsers see, and its address on this machine.
 */
export async function startProvider(
  options: ProviderOptions,
  { baseUrl, address }: { readonly baseUrl: string; readonly address: string },
  clock: ShiftableClock,
): Promise<Provider> {
  const { algorithm, refreshTokens = false } = options
  const server = createAuthorizationServer({
    issuer: 'https://provider.example/',
    clock,
    clients: [
      {
        ...CLIENT,
        redirectUris: [`${baseUrl}/auth/callback`],
        postLogoutRedirectUris: [`${baseUrl}/`],
        backChannelLogoutUri: `${address}/auth/back-channel-logout`,
      },
    ],
    user: { sub: SUBJECT, claims: USER_INFO },
    idTokenAlgorithm: algorithm ?? ['RS256', 'ES256'],
    keySet: options.keySet ?? baseKeySet,
    ...(options.paths && { paths: options.paths }),
    ...(options.userInfoAlgorithm && { userInfoAlgorithm: options.userInfoAlgorithm }),
    tokenResponse: { expires_in: undefined, ...(!refreshTokens && { refresh_token: undefined }) },
    metadata: {
      token_endpoint_auth_methods_supported: ['client_secret_basic'],
      id_token_signing_alg_values_supported: algorithm ? [algorithm] : ['none', ...ASYMMETRIC],
      scopes_supported: ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'],
      code_challenge_methods_supported: undefined,
      authorization_response_iss_parameter_supported: undefined,
      revocation_endpoint: undefined,
      revocation_endpoint_auth_methods_supported: undefined,
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: true,
      ...options.metadata,
    },
  })
  script(server, options)
  const { close } = await server.listen()
  return {
    server,
    close,
    // The suite sends logout tokens without a type, and with a claim that a client must ignore.
    sendLogoutToken() {
      const { claims = same, ...signature } = options.logoutToken ?? {}
      return server.sendLogoutToken({
        sub: SUBJECT,
        sid: SID,
        header: { typ: undefined },
        claims: (correct) => claims({ ...correct, ignored_claim: 'ignored' }),
        ...signature,
      })
    },
  }
}

function script(server: FakeAuthorizationServer, options: ProviderOptions): void {
  const { idToken = same, refreshedIdToken = same, signature = {}, rotation, discovery } = options
  const { header, ...signed } = signature
  const tweak = { type: 'idToken', ...signed, header: { typ: undefined, ...header } } as const
  let nonce: string | undefined
  server.always(
    'discovery',
    () => discovery && { type: 'members', set: discovery(server, server.counts.discovery + 1) },
  )
  server.always('authorize', (request) => {
    nonce = request.parameters.get('nonce') ?? undefined
    if (rotation === 'second sign-in' && server.counts.authorize === 1) server.rotateKeys()
    const { authorization } = options
    return typeof authorization === 'function' ? authorization(request) : authorization
  })
  const { userInfo } = options
  server.always('userinfo', () => userInfo && { type: 'members', set: userInfo })
  server.always('token', () => {
    if (rotation === 'before signing') server.rotateKeys()
    return { ...tweak, claims: (correct) => idToken(shape(correct)) }
  })
  // The suite repeats the nonce of the sign-in in the ID token of a refresh.
  server.always('refresh', () => ({
    ...tweak,
    claims: (correct) => refreshedIdToken({ ...shape(correct), nonce }),
  }))
}

/** The ID token of the suite: only the claims of the protocol. */
function shape({ iss, sub, aud, nonce, iat, at_hash: hash }: Claims): Claims {
  const exp = Number(iat) + LIFETIME_SECONDS
  return { iss, sub, aud, nonce, iat, exp, at_hash: hash, sid: SID }
}

function same(claims: Claims): Claims {
  return claims
}
