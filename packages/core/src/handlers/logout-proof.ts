import { sha256 } from '../mechanisms/digest.ts'

/** What only a page that may read the user endpoint knows: bound to the session, of no use for anything else. */
export function logoutProof(key: string): Promise<string> {
  return sha256(`logout ${key}`)
}
