import { isJsonObject } from '../members.ts'

/**
 * What an error response of the token endpoint means at one authorization server. Set `status`, `is`, or both.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 RFC 6749, section 5.2: Error Response}
 */
export interface ServerVerdict {
  /**
   * The status of the response.
   *
   * @default 200 to 299, and 400 to 499 except 429
   */
  readonly status?: number
  /**
   * The name of the member of the body to compare. Separate the names of a path with dots, such as `errors.0.code`.
   *
   * @default 'error'
   */
  readonly member?: string
  /** The values of the member. Numbers and Booleans are compared as text. Default: any response with the status. */
  readonly is?: readonly string[]
  /**
   * `refresh_token_dead`: the session ends. `sign_in_required`: the user must sign in again, and the session is kept until then.
   * `misconfigured`: the client must be changed. `try_later`: the server did not use the refresh token.
   */
  readonly means: 'refresh_token_dead' | 'sign_in_required' | 'misconfigured' | 'try_later'
}

/** Returns what the first verdict that matches a response means, or `undefined` if none matches. */
export function findVerdict(
  verdicts: readonly ServerVerdict[],
  status: number,
  body: unknown,
): ServerVerdict['means'] | undefined {
  const matching = verdicts.find(
    ({ status: expected, member = 'error', is }) =>
      (expected === undefined ? isDecision(status) : status === expected) &&
      (!is || is.includes(memberAt(body, member))),
  )
  return matching?.means
}

/** Whether the authorization server has decided about the request. A gateway or a broken server has not. */
export function isDecision(status: number): boolean {
  return (status >= 200 && status < 300) || (status >= 400 && status < 500 && status !== 429)
}

/** Returns the member at a path as text. Returns `''` if it is absent or not a primitive value. */
function memberAt(body: unknown, path: string): string {
  let value = body
  for (const name of path.split('.')) {
    const isContainer = isJsonObject(value) || Array.isArray(value)
    value = isContainer && Object.hasOwn(value as object, name) ? (value as never)[name] : undefined
  }
  return /^(?:string|number|boolean)$/.test(typeof value) ? String(value) : ''
}
