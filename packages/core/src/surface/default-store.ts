import { createMemoryStore } from '../mechanisms/memory-store.ts'
import { systemClock } from '../mechanisms/system-clock.ts'
import type { SessionStore } from '../ports/session-store.ts'
import type { TokenManagementOptions } from './token-options.ts'

/** Adds a memory store if the option is absent. A store that is undefined is left for the check of the options. */
export function withDefaultStore<Options extends TokenManagementOptions>(
  options: Options,
): Options & { readonly store: SessionStore } {
  const { clock = systemClock } = Object(options) as Options
  const isAbsent = !('store' in Object(options))
  return (isAbsent ? { ...options, store: createMemoryStore({ clock }) } : options) as Options & {
    readonly store: SessionStore
  }
}
