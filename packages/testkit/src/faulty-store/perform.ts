import type { Clock } from '@evertoken/core'
import { isFaultFor, type StoreFault, type StoreOperation } from './store-faults.ts'

/** One operation of the store while a fault happens to it. */
export interface Operation<Result> {
  readonly kind: StoreOperation
  /** Lets the store perform the operation. */
  apply(): Promise<Result>
  /** The record before so many writes, as the result of a read. `undefined` if it is unknown. */
  earlier(writes: number): { readonly record: string | undefined } | undefined
  /** Resolves at the next `store.release()`. */
  released(): Promise<void>
  readonly clock: Clock
}

/** Performs an operation with a fault. The result of some faults has a type that no correct store returns. */
export async function perform<Result>(
  fault: StoreFault | undefined,
  operation: Operation<Result>,
): Promise<unknown> {
  if (!fault || !isFaultFor(operation.kind, fault)) return operation.apply()
  switch (fault.type) {
    case 'fail':
      if (fault.applied) await operation.apply()
      throw fault.error ?? connectionError(fault.applied ?? false)
    case 'hang':
      return hold(fault.applied ? 'after' : 'before', () => operation.released(), undefined, operation)
    case 'pause':
      return hold(fault.when, () => fault.wait(), fault.next, operation)
    case 'delay':
      return hold(fault.when ?? 'before', () => operation.clock.sleep(fault.ms), fault.next, operation)
    case 'swapLost':
      if (fault.applied) await operation.apply()
      return false
    case 'staleRead': {
      const earlier = operation.earlier(fault.writes ?? 1)
      return earlier ? earlier.record : operation.apply()
    }
    case 'record':
    default:
      return fault.record
  }
}

async function hold<Result>(
  when: 'before' | 'after',
  wait: () => Promise<void>,
  next: StoreFault | undefined,
  operation: Operation<Result>,
): Promise<unknown> {
  if (when === 'before') {
    await wait()
    return perform(next, operation)
  }
  const apply = async () => {
    const result = await operation.apply()
    await wait()
    return result
  }
  const applied = next && { ...next, applied: true }
  return perform(applied, { ...operation, apply })
}

export function connectionError(applied: boolean): Error {
  const error = new Error(applied ? 'The connection to the store was reset' : 'The store is unreachable')
  return Object.assign(error, { code: applied ? 'ECONNRESET' : 'ECONNREFUSED' })
}
