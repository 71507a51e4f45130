/** Whether a token may stand in an `Authorization` header: the b64token of RFC 6750 §2.1. */
export function isB64Token(value: string): boolean {
  return /^[\w.~+/-]+=*$/.test(value)
}
