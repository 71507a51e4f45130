import { explore, type Exploration } from './explore.ts'
import { type ServerName, serverNames } from './servers.ts'
import { type OwnerName, ownerNames } from './owners.ts'
import { createWorld } from './first-world.ts'

export { ownerNames, serverNames }

export interface CheckOptions {
  readonly owner: OwnerName
  readonly server: ServerName
  /** Whether the access token has expired at the beginning. Otherwise, it works for 25 seconds more. */
  readonly isExpired: boolean
  readonly withSignOut: boolean
  readonly withFaults: boolean
  readonly maxConsents: number
  readonly isFirstEnough?: boolean
}

const MAX_STATES = 5_000_000

export function check(options: CheckOptions): Exploration {
  const limits = { maxStates: MAX_STATES, isFirstEnough: options.isFirstEnough ?? false }
  return explore(createWorld(options.owner, options.server, options.isExpired), options, limits)
}
