import { systemClock, systemRandom } from '../mechanisms/runtime/system-clock.ts'
import { type CreateMap, createSharedMaps } from '../mechanisms/runtime/bounded-map.ts'
import { createGuardedStore, type GuardedStore } from '../mechanisms/stores/guarded-store.ts'
import type { EventListener } from '../vocabulary/index.ts'
import { createWorkTracker, type WorkTracker } from './drain.ts'
import { createEmitter } from './emitter.ts'
import type { TokenSettings } from './token-settings.ts'

/** The parts that all registrations of an application share. */
export interface SharedParts {
  readonly emit: EventListener
  readonly store: GuardedStore
  readonly work: WorkTracker
  /** Creates maps whose entries all registrations share. */
  readonly createSharedMap: CreateMap
}

export function createSharedParts(settings: TokenSettings): SharedParts {
  const { clock = systemClock, store, onEvent, storeTimeoutMs } = settings
  const emit = createEmitter(onEvent)
  return {
    emit,
    store: createGuardedStore({ store, clock, emit, storeTimeoutMs, random: systemRandom }),
    work: createWorkTracker(clock, emit),
    createSharedMap: createSharedMaps(),
  }
}
