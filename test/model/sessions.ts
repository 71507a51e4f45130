import { fingerprint, sha256 } from '../../packages/core/src/mechanisms/runtime/digest.ts'
import { makeHashesHere } from './hashes.ts'

makeHashesHere()

/** What the browsers hold of the sessions, in server sessions; and the keys under which the store knows them. */
export const SECRETS: readonly string[] = ['0', '1'].map((digit) => digit.repeat(43))
export const KEYS: readonly string[] = await Promise.all(SECRETS.map(sha256))

/** What events call the session of a grant. */
export const fingerprintOf = (grant: number): string => fingerprint(KEYS[grant] ?? '')
