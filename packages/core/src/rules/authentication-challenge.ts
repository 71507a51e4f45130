/** One challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string
  /** By name in lower case; the first of several with the same name. */
  readonly parameters: ReadonlyMap<string, string>
}

const MAX_LENGTH = 16_384

/** A stray quoted string; or a word with its `= value`, or else with the comma, `=` or end that follows it. */
const PARTS = /"(?:[^"\\]|\\[^])*"?|([^\s,="]+)(?:\s*=\s*("(?:[^"\\]|\\[^])*"?|[^\s,="]+)|\s*([,=]|$)|)/g

/** Reads `WWW-Authenticate` (RFC 9110 §11.6.1) leniently. A token68 is skipped, garbage too; over 16 KiB all is. */
export function parseChallenges(header: string | null): Challenge[] {
  const challenges: Challenge[] = []
  if (header === null || header.length > MAX_LENGTH) return challenges
  let parameters: Map<string, string> | undefined
  let afterScheme = false
  for (const [, word, value, end] of header.matchAll(PARTS)) {
    if (word === undefined) continue
    const name = word.toLowerCase()
    const isToken68 = end === '=' || (afterScheme && end !== undefined)
    afterScheme = false
    if (value !== undefined) {
      if (parameters?.has(name) === false) parameters.set(name, unquote(value))
    } else if (!isToken68) {
      parameters = new Map()
      challenges.push({ scheme: name, parameters })
      afterScheme = end === undefined
    }
  }
  return challenges
}

/** Whether the resource server found the token itself invalid (RFC 6750 §3.1), so that a refresh may help. */
export function rejectsToken(status: number, header: string | null): boolean {
  if (status !== 401) return false
  return parseChallenges(header).some(
    ({ scheme, parameters }) =>
      (scheme === 'bearer' || scheme === 'dpop') && parameters.get('error') === 'invalid_token',
  )
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value
  return value.replace(/^"|"$/g, '').replace(/\\([^])/g, '$1')
}
