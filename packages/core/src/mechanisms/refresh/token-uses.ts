import { createBoundedMap } from '../runtime/bounded-map.ts'

/** The uses of tokens in this process. They decide which token is dropped first, and are never stored by themselves. */
export interface TokenUses {
  note(owner: string, key: string): void
  /** Orders keys by their last use. `0` for a key that was not used in this process. */
  lastUse(owner: string, key: string): number
}

const MAX_USES = 10_000

export function createTokenUses(): TokenUses {
  const uses = createBoundedMap<string, number>(MAX_USES)
  let count = 0
  return {
    note: (owner, key) => uses.set(`${owner} ${key}`, (count += 1)),
    lastUse: (owner, key) => uses.get(`${owner} ${key}`) ?? 0,
  }
}
