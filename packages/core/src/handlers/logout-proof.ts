import { sha256 } from '../mechanisms/digest.ts'

/**
 * Returns a proof that only a page with access to the user endpoint knows. It is bound to the session and proves only
 * that.
 */
export function logoutProof(key: string): Promise<string> {
  return sha256(`logout ${key}`)
}
