/** A `Set-Cookie` line in parts, with the names that frameworks use. */
export interface ParsedCookie {
  readonly name: string
  readonly value: string
  readonly path: string
  readonly httpOnly: boolean
  readonly secure: boolean
  readonly sameSite: 'lax' | 'strict' | 'none'
  /** Seconds. Without it, the cookie ends with the browser session. */
  readonly maxAge?: number
}

/** Parses a line that Evertoken wrote. */
export function parseSetCookie(line: string): ParsedCookie {
  const [pair = '', ...rest] = line.split('; ')
  const equals = pair.indexOf('=')
  const attributes = new Map(
    rest.map((each): [string, string] => {
      const [name = '', value = ''] = each.split('=')
      return [name.toLowerCase(), value]
    }),
  )
  const maxAge = attributes.get('max-age')
  return {
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    path: attributes.get('path') ?? '/',
    httpOnly: attributes.has('httponly'),
    secure: attributes.has('secure'),
    sameSite: (attributes.get('samesite') ?? 'lax').toLowerCase() as ParsedCookie['sameSite'],
    ...(maxAge !== undefined && { maxAge: Number(maxAge) }),
  }
}

/** Returns the `Cookie` header that a browser sends after it has received these cookies. */
export function cookiesAfter(
  cookies: ReadonlyMap<string, string>,
  received: readonly ParsedCookie[],
): string {
  const all = new Map(cookies)
  for (const { name, value, maxAge } of received) {
    if (maxAge === 0) all.delete(name)
    else all.set(name, value)
  }
  return [...all].map(([name, value]) => `${name}=${value}`).join('; ')
}
