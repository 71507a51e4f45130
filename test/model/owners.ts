import { fingerprint, sha256 } from '../../packages/core/src/mechanisms/runtime/digest.ts'
import { makeHashesHere } from './hashes.ts'
import type { Plan } from './plan.ts'

makeHashesHere()

/** The cookies of server sessions in the browsers. */
export const SECRETS: readonly string[] = ['0', '1'].map((digit) => digit.repeat(43))

/** Whose connection a grant is, and its name. */
export function connectionOf(grant: number) {
  return { owner: `user-${grant}`, name: 'calendar' }
}

const SESSION_KEYS: readonly string[] = await Promise.all(SECRETS.map(sha256))
const CONNECTION_KEYS: readonly string[] = await Promise.all(
  SECRETS.map((_, grant) => {
    const { owner, name } = connectionOf(grant)
    return sha256(JSON.stringify(['connection', owner, name]))
  }),
)

/** The keys of the records in the store, by the number of the grant. */
export function keysOf({ kind }: Pick<Plan, 'kind'>): readonly string[] {
  return kind === 'connection' ? CONNECTION_KEYS : SESSION_KEYS
}

/** The name of the owner of a grant in events. */
export function fingerprintOf(plan: Pick<Plan, 'kind'>, grant: number): string {
  return fingerprint(keysOf(plan)[grant] ?? '')
}
