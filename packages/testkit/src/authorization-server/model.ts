import type { Clock } from '@evertoken/core'
import type { Paths } from './arrival.ts'
import type { Grants } from './grants.ts'
import type { Signer } from './id-token.ts'
import type { SigningAlgorithm } from './signing-algorithms.ts'

/** `refresh` is a token request with a refresh token, `token` one with anything else. */
export type RequestKind =
  | 'discovery'
  | 'jwks'
  | 'authorize'
  | 'token'
  | 'refresh'
  | 'revoke'
  | 'userinfo'
  | 'endSession'

/** A client that is registered at the model authorization server. */
export interface Client {
  /** The client ID. */
  readonly id: string
  /** Absent: a public client. */
  readonly secret?: string
  /** Absent: any. */
  readonly redirectUris?: readonly string[]
  /** Absent: any. */
  readonly postLogoutRedirectUris?: readonly string[]
  /** Where it takes logout tokens. */
  readonly backChannelLogoutUri?: string
}

/** A user of the model authorization server. */
export interface User {
  /** The subject identifier. It is the claim `sub` of ID tokens. */
  readonly sub: string
  /** Added to ID tokens and to the userinfo answer. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** A successful answer of the token endpoint, RFC 6749 section 5.1. */
export interface TokenResponse {
  /** The access token. */
  readonly access_token: string
  /** The type of the access token. */
  readonly token_type: 'Bearer'
  /** The lifetime of the access token, in seconds. */
  readonly expires_in: number
  /** The granted scope, separated by spaces. */
  readonly scope: string
  /** The refresh token. Absent if the server issued none. */
  readonly refresh_token?: string
  /** The ID token. Absent if the server issued none. */
  readonly id_token?: string
}

/** A request as the endpoints and the fault scripts see it: parameters are those of the query or of the form. */
export interface IncomingRequest {
  /** The endpoint, and for the token endpoint whether the request is a refresh. */
  readonly kind: RequestKind
  /** The HTTP method, in capitals. */
  readonly method: string
  /** The requested URL. */
  readonly url: URL
  /** The request headers. */
  readonly headers: Headers
  /** The parameters of the form or of the query. */
  readonly parameters: URLSearchParams
}

/** The changes of a fault to an otherwise correct response of the token endpoint. */
export interface Tweaks {
  /** The refresh token presented stays the current one. */
  readonly keepRefreshToken?: boolean
  readonly scope?: string
  readonly idToken?: IdTokenTweak
  readonly parameters?: ParameterTweak
}

/** Changes to the parameters with which the browser returns to the client. */
export interface ParameterTweak {
  /** Parameters that are added or replaced. By default, none. */
  readonly set?: Readonly<Record<string, string>>
  /** Names of parameters that are removed. By default, none. */
  readonly omit?: readonly string[]
}

/** The claims of a JWT. */
export type Claims = Readonly<Record<string, unknown>>

/** Claims that are added or replaced, or a function of the correct claims. A claim that is `undefined` is removed. */
export type ClaimsChange = Claims | ((correct: Claims) => Claims)

/** Changes to an ID token that is otherwise correct. */
export interface IdTokenTweak {
  /** How the claims differ from the correct ones. By default, not at all. */
  readonly claims?: ClaimsChange
  /** How the signature is invalid. By default, it is valid. */
  readonly signature?: 'none' | 'broken'
  /** The algorithm that signs. By default, the first one of the server. */
  readonly algorithm?: SigningAlgorithm
  /** Members that are added or replaced in the header. A member that is `undefined` is removed. */
  readonly header?: Readonly<Record<string, unknown>>
}

/** The parts that the endpoints share. */
export interface World {
  readonly issuer: () => string
  readonly user: () => User | undefined
  readonly clock: Clock
  readonly clients: readonly Client[]
  readonly grants: Grants
  readonly signer: Signer
  readonly accessTokenSeconds: number
  readonly metadata: Readonly<Record<string, unknown>>
  readonly paths: Paths
  readonly tokenResponse: Readonly<Record<string, unknown>>
  readonly userInfoAlgorithm: SigningAlgorithm | undefined
}
