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

/** Whether the resource server rejected the token (RFC 6750 §3.1), so that a refresh can help. */
export function rejectsToken({ status, headers }: Pick<Response, 'status' | 'headers'>): boolean {
  return (
    status === 401 &&
    parseChallenges(headers.get('www-authenticate')).some(
      ({ scheme, parameters }) =>
        /^(?:bearer|dpop)$/.test(scheme) && parameters.get('error') === 'invalid_token',
    )
  )
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value
  return value.replace(/^"|"$/g, '').replace(/\\([^])/g, '$1')
}
