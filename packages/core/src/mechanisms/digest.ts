const encoder = new TextEncoder()

export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** SHA-256 of the UTF-8 text, base64url: 43 characters. */
export async function sha256(text: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))))
}

/** 32 random bytes, base64url: 43 characters. */
export function randomId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
}

/** What events call a session: the same for the same session, useless as a key. */
export function fingerprint(key: string): string {
  return key.slice(0, 8)
}
