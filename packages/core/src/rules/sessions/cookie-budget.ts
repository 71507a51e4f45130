/**
 * The bytes that all cookies of Evertoken may take together in a `Cookie` header, by default. nginx refuses a header
 * line of more than 8 KiB. Node refuses more than 16 KiB for all headers. The rest is left to the application.
 */
export const COOKIE_BUDGET_BYTES = 7168
/** The minimum number of logins that can be pending at the same time. */
export const MIN_PENDING_LOGINS = 10
/** The cookie that keeps the destination of a sign-out. It does not exist together with a session. */
const RETURN_BYTES = 1000
/** A random value of 32 bytes in base64url. */
const SECRET_LENGTH = 43
const ID_LENGTH = 8

/** Returns the bytes of a cookie in the `Cookie` header, as `name=value; `. */
export function cookieBytes(name: string, value: string): number {
  return name.length + value.length + '=; '.length
}

/** Returns the name of the cookie for a pending login. */
export function loginCookieName(cookieName: string, id: string): string {
  return `${cookieName}.login.${id.slice(0, ID_LENGTH)}`
}

/** Returns the bytes that the cookies of a session may take, so that enough logins have room in addition to them. */
export function sessionRoom(cookieName: string, maxCookieBytes: number): number {
  const name = loginCookieName(cookieName, 'x'.repeat(ID_LENGTH))
  return maxCookieBytes - MIN_PENDING_LOGINS * (cookieBytes(name, '') + SECRET_LENGTH)
}

/** Returns the largest record that fits into the cookies of a session. Encryption makes it a third longer. */
export function recordRoom(cookieName: string, maxCookieBytes: number): number {
  return Math.floor(sessionRoom(cookieName, maxCookieBytes) * 0.7)
}

/**
 * Returns the names of the login cookies that must be removed before others are added, the oldest first. Browsers send the
 * oldest cookie first (RFC 6265 §5.4).
 *
 * @param added - The bytes of the cookies that the response adds.
 * @param kept - How many of the newest logins are kept, whatever their size.
 */
export function surplusLogins(
  cookies: ReadonlyMap<string, string>,
  cookieName: string,
  maxCookieBytes: number,
  added: number,
  kept: number,
): string[] {
  const logins = [...cookies].filter(([name]) => name.startsWith(`${cookieName}.login.`)).toReversed()
  let room = maxCookieBytes - added
  const surplus = logins.filter(([name, value], i) => {
    room -= cookieBytes(name, value)
    return i >= kept && room < 0
  })
  return surplus.map(([name]) => name).toReversed()
}

/** Returns the bytes that the session in a request takes, or that the destination of a sign-out would take. */
export function sessionBytes(cookies: ReadonlyMap<string, string>, cookieName: string): number {
  const session = [...cookies].filter(
    ([name]) => name.startsWith(cookieName) && /^(?:\.\d)?$/.test(name.slice(cookieName.length)),
  )
  return Math.max(
    session.reduce((sum, [name, value]) => sum + cookieBytes(name, value), 0),
    RETURN_BYTES,
  )
}
