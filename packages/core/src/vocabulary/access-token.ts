import { ConfigurationError } from './errors.ts'

/** How a token is sent: as it is (RFC 6750), or with a proof for each request (RFC 9449). */
export type TokenType = 'Bearer' | 'DPoP'

/** The headers that put an access token on one request. */
export interface AuthorizationHeaders extends Readonly<Record<string, string>> {
  /** The value of the `Authorization` header. Absent only if `server.tokenHeader` names another header. */
  readonly authorization: string
}

/** The parts of an API request that a proof of possession names. */
export interface AuthorizedRequest {
  /** The absolute URL of the request. */
  readonly url: URL
  /** In capitals, such as `GET`. */
  readonly method: string
}

/**
 * One permission with its details, such as a payment of a certain amount. The type decides which members it has.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-2 RFC 9396, section 2: Request Parameter "authorization_details"}
 */
export interface AuthorizationDetail {
  /** The type of the permission, such as `payment_initiation`. */
  readonly type: string
  readonly [member: string]: unknown
}

type Authorize = (request: AuthorizedRequest) => AuthorizationHeaders | Promise<AuthorizationHeaders>

/**
 * An access token of the current user. If it is printed, logged or converted to JSON, its value is omitted.
 *
 * Request it again for each call, and do not keep it: it expires, and the next call may get a newer one.
 *
 * @example
 *   const token = await auth.getUserAccessToken()
 *   if (token) console.log(`${token.type} token with scope ${token.scope}`) // prints no secret
 */
export class AccessToken {
  readonly #value: string
  readonly #authorize: Authorize | undefined
  readonly #details: readonly AuthorizationDetail[] | undefined
  /** The scheme for the `Authorization` header. An API with another header or scheme needs `headersFor`. */
  readonly type: TokenType
  /** Seconds since the epoch, by the clock of this process. Compare it with `Date.now() / 1000`. */
  readonly expiresAt: number
  /** Separated by spaces. Absent if the authorization server did not return it. */
  readonly scope: string | undefined

  /** @param authorize - Creates the headers. By default, the token is sent as it is (RFC 6750 §2.1). */
  constructor(
    value: string,
    type: TokenType,
    expiresAt: number,
    scope: string | undefined,
    authorize: Authorize | undefined,
    authorizationDetails?: readonly AuthorizationDetail[],
  ) {
    this.#value = value
    this.#authorize = authorize
    this.type = type
    this.expiresAt = expiresAt
    this.scope = scope
    this.#details = authorizationDetails
  }

  /** The token value. Use it only in the `Authorization` header (RFC 6750 §2.1). */
  get value(): string {
    return this.#value
  }

  /**
   * The permissions with details that were granted. They are not printed, because they can contain personal data. Absent if
   * the authorization server did not return any.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-7 RFC 9396, section 7: Token Response}
   */
  get authorizationDetails(): readonly AuthorizationDetail[] | undefined {
    return structuredClone(this.#details)
  }

  /**
   * Returns the headers that put this token on a request.
   *
   * Call it for each request, because a token with a proof of possession needs a new proof each time.
   *
   * @param url - The absolute URL of the request.
   * @param method - The method of the request. Default: `GET`.
   * @returns The headers. Add them to those of the request.
   * @throws {ConfigurationError} If the URL is not absolute.
   * @example
   *   const headers = await token.headersFor('https://api.example.com/orders')
   *   const response = await fetch('https://api.example.com/orders', { headers })
   * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750, section 2.1: Authorization Request Header Field}
   */
  async headersFor(url: string | URL, method = 'GET'): Promise<AuthorizationHeaders> {
    if (!URL.canParse(url)) {
      throw new ConfigurationError('invalid_option', '`headersFor` needs an absolute URL.')
    }
    if (!this.#authorize) return { authorization: `${this.type} ${this.#value}` }
    return this.#authorize({ url: new URL(url), method: method.toUpperCase() })
  }
}

/** Prints all members except the token. With `getters: true`, a runtime would otherwise print the token too. */
function print(
  this: AccessToken,
  _depth: number,
  options: object,
  inspect: (value: object, options: object) => string,
): string {
  const { type, expiresAt, scope } = this
  return `AccessToken ${inspect({ type, expiresAt, scope }, options)}`
}

// Node, Bun and Deno look for this name when they print an object.
Object.defineProperty(AccessToken.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: print })
