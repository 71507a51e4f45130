import { explore, type Exploration } from './explore.ts'
import { type ServerName, serverNames } from './servers.ts'
import { createWorld } from './first-world.ts'

export { serverNames }

export interface CheckOptions {
  readonly server: ServerName
  /** Whether the access token has expired at the beginning. Otherwise, it works for 25 seconds more. */
  readonly isExpired: boolean
  readonly withSignOut: boolean
  readonly withFaults: boolean
  readonly isFirstEnough?: boolean
}

const MAX_STATES = 5_000_000

export function check(options: CheckOptions): Exploration {
  const limits = { maxStates: MAX_STATES, isFirstEnough: options.isFirstEnough ?? false }
  return explore(createWorld(options.server, options.isExpired), options, limits)
}
