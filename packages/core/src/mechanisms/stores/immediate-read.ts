import type { SessionStore } from '../../ports/session-store.ts'

/** Reads a record from the memory of this process, so it needs no promise and no time limit. */
export type ImmediateRead = (key: string) => string | undefined

/** The keys are functions, not stores: a wrapper that copies a store and has its own `read` must be asked. */
const immediateReads = new WeakMap<SessionStore['read'], ImmediateRead>()

/** Returns `read`, the function of a store that can also read without a promise. */
export function withImmediateRead(read: SessionStore['read'], readNow: ImmediateRead): SessionStore['read'] {
  immediateReads.set(read, readNow)
  return read
}

/** Returns the immediate read that belongs to the current `read` of a store. */
export function immediateReadOf({ read }: Pick<SessionStore, 'read'>): ImmediateRead | undefined {
  return immediateReads.get(read)
}
