/** One challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string
  /** The keys are names in lower case. If a name occurs several times, the first value is kept. */
  readonly parameters: ReadonlyMap<string, string>
}

const MAX_LENGTH = 16_384

/** A stray quoted string; or a word with its `= value`; or one with the token68 that follows it, or nothing. */
const PARTS =
  /"(?:[^"\\]|\\[^])*"?|([^\s,="]+)(?:\s*(=)\s*("(?:[^"\\]|\\[^])*"?|[^\s,="]+)?|\s+[^\s,="]+=*(?=\s*(?:,|$)))?/g

/**
 * Parses `WWW-Authenticate` leniently (RFC 9110 §11.6.1). It skips token68 and malformed data, and all headers over 16
 * KiB.
 *
 * @example
 *   const [challenge] = parseChallenges('Bearer error="invalid_token"')
 *   const error = challenge?.parameters.get('error') // 'invalid_token'
 */
export function parseChallenges(header: string | null): Challenge[] {
  const challenges: Challenge[] = []
  if (header === null || header.length > MAX_LENGTH) return challenges
  let parameters = new Map<string, string>()
  for (const [, word, equals, value] of header.matchAll(PARTS)) {
    const name = word?.toLowerCase()
    if (name === undefined) continue
    if (!equals) challenges.push({ scheme: name, parameters: (parameters = new Map()) })
    else if (value !== undefined && !parameters.has(name)) parameters.set(name, unquote(value))
  }
  return challenges
}

/** Errors of a challenge that another token with the same properties does not resolve. */
const OTHER_CAUSES = new Set<unknown>([
  'invalid_request',
  'insufficient_scope',
  'insufficient_user_authentication',
  'insufficient_claims',
  'use_dpop_nonce',
  'invalid_dpop_proof',
])

/**
 * Whether the resource server rejected the token, so that a refresh can help.
 *
 * A 401 means that, also without a challenge, unless the challenge names another cause or only other schemes (RFC 6750
 * §3.1). A count of the rejections limits the refreshes of an API that rejects every token.
 */
export function rejectsToken({ status, headers }: Pick<Response, 'status' | 'headers'>): boolean {
  if (status !== 401) return false
  const challenges = parseChallenges(headers.get('www-authenticate'))
  const errors = challenges
    .filter(({ scheme }) => /^(?:bearer|dpop)$/.test(scheme))
    .map(({ parameters }) => parameters.get('error'))
  if (errors.length === 0) return challenges.length === 0
  return errors.includes('invalid_token') || !errors.some((error) => OTHER_CAUSES.has(error))
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value
  return value.replace(/^"|"$/g, '').replace(/\\([^])/g, '$1')
}
