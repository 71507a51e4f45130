/** Parameters whose value is JSON (OIDC Core §5.5, RFC 9396 §2). */
const JSON_PARAMETERS = new Set(['claims', 'authorization_details'])

/**
 * Returns the parameters of an authorization request as claims of a request object (RFC 9101 §4).
 *
 * A parameter that occurs several times, such as `resource`, becomes a list. JSON that cannot be parsed stays text, so that
 * the server reports it.
 */
export function requestObjectClaims(parameters: URLSearchParams): Record<string, unknown> {
  const claims: Record<string, unknown> = {}
  for (const name of parameters.keys()) {
    const values = parameters.getAll(name)
    claims[name] = values.length === 1 ? toClaim(name, values[0] ?? '') : values
  }
  return claims
}

function toClaim(name: string, value: string): unknown {
  if (name === 'max_age') return Number(value)
  if (!JSON_PARAMETERS.has(name)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
