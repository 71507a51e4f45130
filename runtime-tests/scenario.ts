import type { World } from './world/world.ts'

/** Something an application does, seen from outside; the same on every runtime and for both kinds of session. */
export interface Scenario {
  readonly title: string
  run(world: World): Promise<void>
}

/** What `/token` tells. */
export interface TokenInfo {
  readonly digest: string
  readonly type: string
  readonly expiresAt: number
}

export function times<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, make))
}
