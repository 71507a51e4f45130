const encoder = new TextEncoder()

export function toBase64Url(bytes: Uint8Array): string {
  // A spread of bytes takes ten times as long, and each proof of a DPoP request needs two of these texts.
  return btoa(Reflect.apply(String.fromCharCode, undefined, bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/**
 * Returns the SHA-256 hash of the UTF-8 text as 43 base64url characters.
 *
 * @example
 *   const key = await sha256('the name of a record')
 */
export async function sha256(text: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))))
}

/** Returns 32 random bytes as 43 base64url characters. */
export function randomId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
}

/** Returns the name of a session in events. It is the same for the same session, and cannot be used as a key. */
export function fingerprint(key: string): string {
  return key.slice(0, 8)
}
