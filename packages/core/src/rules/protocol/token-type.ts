import { ConfigurationError } from '../../vocabulary/index.ts'

/** A text that a message can contain: short, and in no format of a token. */
const SHOWN = /^[\w .:-]{1,30}$/

/**
 * Returns a `token_type` that does not mean Bearer, for a message. Some servers omit the type, although RFC 6749 §5.1
 * requires it.
 *
 * @param tokenTypes - Further values that mean Bearer. Upper and lower case are equal (RFC 6749 §5.1).
 * @returns `undefined` if the type means Bearer.
 */
export function unknownTokenType(type: unknown, tokenTypes: readonly string[]): string | undefined {
  if (type === undefined || type === null || type === '') return undefined
  if (typeof type !== 'string') return 'not a string'
  const known = ['bearer', ...tokenTypes].map((each) => each.toLowerCase())
  if (known.includes(type.toLowerCase())) return undefined
  return SHOWN.test(type) ? `"${type}"` : 'not printable'
}

/**
 * Creates the error for a token response whose `token_type` is unknown. A retry cannot help.
 *
 * @param what - The operation that failed.
 * @param shownType - From `unknownTokenType`.
 */
export function tokenTypeError(what: string, shownType: string): ConfigurationError {
  const message = `Cannot ${what}: the "token_type" of the token response is ${shownType}. If it means Bearer, add it to the option \`server.tokenTypes\`.`
  return new ConfigurationError('token_response_malformed', message)
}
