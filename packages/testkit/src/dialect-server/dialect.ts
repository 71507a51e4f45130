import type { ReuseProfile } from '../authorization-server/grants.ts'

/** An error response of a server: its status and its JSON body. */
export interface DialectRefusal {
  /** The status of the response. */
  readonly status: number
  /** The JSON body. Absent: the body is empty. */
  readonly body?: Readonly<Record<string, unknown>>
}

/** The absolute URLs of the endpoints. An endpoint that is absent does not exist. */
export interface DialectEndpoints {
  /** Where users sign in. */
  readonly authorize: string
  /** Where tokens are issued and refreshed. */
  readonly token: string
  /** The keys of ID tokens. */
  readonly jwks?: string
  /** Where tokens are refreshed, if it is not where they are issued. */
  readonly refresh?: string
  /** Where tokens are revoked. */
  readonly revoke?: string
  /** The claims about the user. */
  readonly userInfo?: string
  /** Where users sign out. */
  readonly endSession?: string
}

/** How the server issues refresh tokens. */
export interface DialectRefreshTokens {
  /** The scope without which there is no refresh token. */
  readonly scope?: string
  /** The parameters of the authorization request without which there is no refresh token. */
  readonly parameters?: Readonly<Record<string, string>>
  /** What a refresh does to the refresh token, and what a second use does. */
  readonly reuse: ReuseProfile
  /** The parameters of the request with the code without which there is no refresh token. */
  readonly codeParameters?: Readonly<Record<string, string>>
  /**
   * The `grant_type` and the parameter of a refresh, where a valid access token takes the place of the refresh token. It needs the
   * reuse `no-rotation`.
   */
  readonly exchange?: string
  /** Whether a refresh returns the same refresh token again. It needs the reuse `no-rotation`. */
  readonly isRepeated?: boolean
  /** Whether a refresh ends the previous access token. */
  readonly refreshEndsAccessToken?: boolean
  /** The first characters of a refresh token. */
  readonly prefix?: string
}

/** The form of a token response. */
export interface DialectTokenResponse {
  /** The `token_type`. `null` if the server sends none. By default, `Bearer`. */
  readonly tokenType?: string | null
  /** The form of `expires_in`. By default, a number. */
  readonly expiresIn?: 'number' | 'text' | 'absent'
  /** The name of the member with the scope. By default, `scope`. */
  readonly scopeMember?: string
  /** The form of `scope`. By default, a text with the separator of the server. */
  readonly scope?: 'text' | 'list' | 'absent'
  /** Whether the body is a form, unless the request accepts JSON. */
  readonly isForm?: boolean
  /** The member that contains the tokens of a response to a code. By default, the tokens are at the top. */
  readonly nestedIn?: string
  /** Further members. */
  readonly members?: Readonly<Record<string, unknown>>
}

/** The form of ID tokens. */
export interface DialectIdTokens {
  /** The algorithm that signs them. The key of `HS256` is the client secret. */
  readonly algorithm: 'RS256' | 'HS256'
  /** Whether they do not repeat the `nonce` of the request. */
  readonly dropsNonce?: boolean
}

/** Where the parameters of a request are: in a form, in JSON, or in the URL of a GET request. */
export type DialectFormat = 'form' | 'json' | 'query'

/** How the server revokes tokens. */
export interface DialectRevocation {
  /** The parameter with the token. `bearer`: the token is in the `Authorization` header. */
  readonly parameter: string
  /** The member of a token response that it revokes. By default, `refresh_token`. All others end the grant. */
  readonly token?: string
  /** The method of the request. By default, `POST`. */
  readonly method?: 'POST' | 'DELETE'
  /** The format of the parameters. By default, that of all requests. */
  readonly format?: DialectFormat
  /** How clients authenticate. By default, as at the token endpoint. */
  readonly clientAuthentication?: Dialect['clientAuthentication']
  /** The JSON body of a response. By default, the body is empty. */
  readonly body?: Readonly<Record<string, unknown>>
}

/** How users sign out at the server. */
export interface DialectEndSession {
  /** The parameters that the server requires. */
  readonly required: readonly string[]
  /** The name of the parameter with the URL to which the browser returns. */
  readonly returnParameter: string
}

/**
 * Facts about an authorization server: its URLs, and how its requests and responses differ from the standards. It is plain
 * data.
 */
export interface Dialect {
  /** The issuer of ID tokens. */
  readonly issuer: string
  /** The URL of the metadata, and members that differ from the facts below. Absent: the server has no metadata. */
  readonly metadata?: { readonly url: string; readonly members?: Readonly<Record<string, unknown>> }
  /** The URLs of the endpoints. */
  readonly endpoints: DialectEndpoints
  /** How clients may authenticate. */
  readonly clientAuthentication: readonly ('client_secret_basic' | 'client_secret_post')[]
  /** Where the parameters of token requests and revocations are. By default, in a form. */
  readonly format?: DialectFormat
  /** The name that stands for the `redirect_uri` in requests, and the URL that is registered for it. */
  readonly redirectName?: { readonly name: string; readonly url: string }
  /** The header in which the API expects access tokens. By default, `Authorization` with `Bearer`. */
  readonly apiHeader?: { readonly name: string; readonly prefix: string }
  /** The scopes that the server knows. It refuses others. By default, it knows all. */
  readonly scopes?: readonly string[]
  /** The text between scopes. By default, a space. */
  readonly scopeSeparator?: ' ' | ','
  /** How access tokens look, and how long they are valid. */
  readonly accessTokens: { readonly seconds: number; readonly prefix?: string }
  /** How the server issues refresh tokens. Absent: it issues none. */
  readonly refreshTokens?: DialectRefreshTokens
  /** The form of a token response. By default, that of the standard. */
  readonly tokenResponse?: DialectTokenResponse
  /** The form of ID tokens. Absent: there are none. */
  readonly idTokens?: DialectIdTokens
  /**
   * Maps the members of the user information to claims: `{ id: 'sub' }`. A name with dots is a path: `{ 'data.id': 'sub' }`. By
   * default, both have the same names.
   */
  readonly userInfo?: Readonly<Record<string, string>>
  /** The method of the user information. By default, `GET`. */
  readonly userInfoMethod?: 'GET' | 'POST'
  /** The response to a refresh token that has expired or was revoked. */
  readonly deadRefreshToken: DialectRefusal
  /** How the server revokes tokens. By default, by RFC 7009. */
  readonly revocation?: DialectRevocation
  /** How users sign out. By default, by RP-Initiated Logout. */
  readonly endSession?: DialectEndSession
}
