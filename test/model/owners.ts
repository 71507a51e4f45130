import { fingerprint, sha256 } from '../../packages/core/src/mechanisms/runtime/digest.ts'
import { makeHashesHere } from './hashes.ts'

makeHashesHere()

/** The cookies of server sessions in the browsers, and the keys of these sessions in the store. */
export const SECRETS: readonly string[] = ['0', '1'].map((digit) => digit.repeat(43))
export const KEYS: readonly string[] = await Promise.all(SECRETS.map(sha256))

/** The name of the session of a grant in events. */
export const fingerprintOf = (grant: number): string => fingerprint(KEYS[grant] ?? '')
