/** An access token of the current user. If it is printed, logged or converted to JSON, its value is omitted. */
export class AccessToken {
  readonly #value: string
  /** The scheme for the `Authorization` header. */
  readonly type: 'Bearer'
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** Separated by spaces. Absent if the authorization server did not return it. */
  readonly scope: string | undefined

  constructor(value: string, type: 'Bearer', expiresAt: number, scope: string | undefined) {
    this.#value = value
    this.type = type
    this.expiresAt = expiresAt
    this.scope = scope
  }

  /** The token value. Use it only in the `Authorization` header (RFC 6750 §2.1). */
  get value(): string {
    return this.#value
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
