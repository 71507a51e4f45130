/** A response that a resource server gives in spite of a valid token. */
export type Challenge =
  | InvalidTokenChallenge
  | InsufficientScopeChallenge
  | InsufficientUserAuthenticationChallenge
  | ResponseChallenge

/** A 401 with `error="invalid_token"` (RFC 6750 section 3.1). */
export interface InvalidTokenChallenge {
  /** Selects this challenge. */
  readonly type: 'invalid_token'
  /** The value of `error_description`. By default, there is none. */
  readonly description?: string
}

/** A 403 with `error="insufficient_scope"` (RFC 6750 section 3.1). */
export interface InsufficientScopeChallenge {
  /** Selects this challenge. */
  readonly type: 'insufficient_scope'
  /** The required scope, separated by spaces. By default, the challenge names none. */
  readonly scope?: string
}

/** A 401 that requires a stronger or newer sign-in (RFC 9470 section 3). */
export interface InsufficientUserAuthenticationChallenge {
  /** Selects this challenge. */
  readonly type: 'insufficient_user_authentication'
  /** The required authentication contexts, separated by spaces. By default, the challenge names none. */
  readonly acrValues?: string
  /** Maximum age of the sign-in, in seconds. */
  readonly maxAge?: number
}

/** Any response. */
export interface ResponseChallenge {
  /** Selects this challenge. */
  readonly type: 'response'
  /** The HTTP status. */
  readonly status: number
  /** The response headers. By default, none. */
  readonly headers?: Readonly<Record<string, string>>
  /** The response body. By default, there is none. */
  readonly body?: string
}

export function toResponse(challenge: Challenge): Response {
  switch (challenge.type) {
    case 'invalid_token':
      return bearerChallenge(401, { error: challenge.type, error_description: challenge.description })
    case 'insufficient_scope':
      return bearerChallenge(403, { error: challenge.type, scope: challenge.scope })
    case 'insufficient_user_authentication':
      return bearerChallenge(401, {
        error: challenge.type,
        acr_values: challenge.acrValues,
        max_age: challenge.maxAge,
      })
    case 'response':
    default: {
      const { status, headers = {}, body } = challenge
      return new Response(body ?? null, { status, headers })
    }
  }
}

/** Without parameters, it is the challenge for a request that has no token (RFC 6750 section 3). */
export function bearerChallenge(
  status: number,
  parameters: Readonly<Record<string, string | number | undefined>> = {},
): Response {
  const present = Object.entries(parameters).filter(([, value]) => value !== undefined)
  const text = present.map(([name, value]) => `${name}="${String(value).replaceAll(/["\\]/g, '\\$&')}"`)
  return new Response(null, {
    status,
    headers: { 'www-authenticate': ['Bearer', text.join(', ')].join(' ').trim() },
  })
}
