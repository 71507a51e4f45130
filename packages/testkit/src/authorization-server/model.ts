import type { Clock } from '@evertoken/core'
import type { Grants } from './grants.ts'
import type { Signer } from './id-token.ts'

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

export interface Client {
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

export interface User {
  readonly sub: string
  /** Added to ID tokens and to the userinfo answer. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** A successful answer of the token endpoint, RFC 6749 section 5.1. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
  readonly id_token?: string
}

/** A request as the endpoints and the fault scripts see it: parameters are those of the query or of the form. */
export interface IncomingRequest {
  readonly kind: RequestKind
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly parameters: URLSearchParams
}

/** What a fault changes in an otherwise honest answer of the token endpoint. */
export interface Tweaks {
  /** The refresh token presented stays the current one. */
  readonly keepRefreshToken?: boolean
  readonly scope?: string
  readonly idToken?: IdTokenTweak
}

export interface IdTokenTweak {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly signature?: 'none' | 'broken'
}

/** What the endpoints share. */
export interface World {
  readonly issuer: () => string
  readonly user: () => User | undefined
  readonly clock: Clock
  readonly clients: readonly Client[]
  readonly grants: Grants
  readonly signer: Signer
  readonly accessTokenSeconds: number
  readonly metadata: Readonly<Record<string, unknown>>
}
