/** Whether a token is allowed in an `Authorization` header, as a b64token (RFC 6750 §2.1). */
export function isB64Token(value: string): boolean {
  return /^[\w.~+/-]+=*$/.test(value)
}
