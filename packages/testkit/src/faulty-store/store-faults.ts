import type { DelayFault, PauseFault } from '../authorization-server/faults.ts'

/** `index` is any operation of the store's index. */
export type StoreOperation = 'read' | 'swap' | 'remove' | 'index'

/** An operation as a fault chooser sees it. */
export interface StoreRequest {
  /** The operation. */
  readonly kind: StoreOperation
  /** The method of the index. */
  readonly method?: 'add' | 'keys' | 'remove'
  /** Absent for `keys` of the index. */
  readonly key?: string
  /** The term of an index operation. */
  readonly term?: string
  /** The record that a swap expects. */
  readonly expected?: string | undefined
  /** The record that a swap writes. */
  readonly record?: string
}

/** A failure of one operation. If a fault has `applied`, `true` means that the store performs the operation first. */
export type StoreFault =
  | FailFault
  | StoreHangFault
  | SwapLostFault
  | StaleReadFault
  | RecordFault
  | DelayFault<StoreFault>
  | PauseFault<StoreFault>

/** The operation rejects. With `applied: true`, only its response is lost. */
export interface FailFault {
  /** Selects this fault. */
  readonly type: 'fail'
  /**
   * Whether the store performs the operation first.
   *
   * @default false
   */
  readonly applied?: boolean
  /**
   * The error of the operation.
   *
   * @default a connection error with the code `ECONNREFUSED`, or `ECONNRESET` if it was applied
   */
  readonly error?: Error
}

/** The operation does not settle before `store.release()`. Without `applied`, the store performs it after that. */
export interface StoreHangFault {
  /** Selects this fault. */
  readonly type: 'hang'
  /**
   * Whether the store performs the operation first.
   *
   * @default false
   */
  readonly applied?: boolean
}

/** A swap returns `false`, as if another process had been faster. */
export interface SwapLostFault {
  /** Selects this fault. */
  readonly type: 'swapLost'
  /**
   * Whether the swap succeeds in spite of its result, as after a retry by a driver.
   *
   * @default false
   */
  readonly applied?: boolean
}

/** A read returns an earlier record of the key, like a replica that lags. */
export interface StaleReadFault {
  /** Selects this fault. */
  readonly type: 'staleRead'
  /**
   * How many writes the replica lags behind, at most 10.
   *
   * @default 1
   */
  readonly writes?: number
}

/** A read returns this value, of any type. */
export interface RecordFault {
  /** Selects this fault. */
  readonly type: 'record'
  /** The value that the read returns. */
  readonly record: unknown
}

const ONLY_FOR: Partial<Record<StoreFault['type'], StoreOperation>> = {
  swapLost: 'swap',
  staleRead: 'read',
  record: 'read',
}

/**
 * Returns whether a fault can happen to an operation.
 *
 * @param kind - The operation. A fault for `any` applies only to the operations that it fits.
 * @param fault - A fault of a store.
 * @example
 *   isFaultFor('read', { type: 'swapLost' }) // false
 */
export function isFaultFor(kind: StoreOperation | 'any', { type }: StoreFault): boolean {
  const only = ONLY_FOR[type]
  return kind === 'any' || only === undefined || only === kind
}

/**
 * Checks that a fault can happen to an operation.
 *
 * @param kind - The operation, or `any`.
 * @param fault - A fault of a store. Its `next` is checked too.
 * @throws {TypeError} If the fault can never happen to the operation.
 * @example
 *   checkStoreFault('swap', { type: 'swapLost', applied: true })
 */
export function checkStoreFault(kind: StoreOperation | 'any', fault: StoreFault): void {
  if ('next' in fault && fault.next) checkStoreFault(kind, fault.next)
  if (isFaultFor(kind, fault)) return
  const message = `The fault \`${fault.type}\` does not apply to \`${kind}\`. Use it for \`${ONLY_FOR[fault.type]}\`.`
  throw new TypeError(message)
}
