/** Streams, and promises that wait for each other, need several turns of the event loop. */
const QUIET_TURNS = 3
/** In real time. */
const MAX_BUSY_MS = 20_000
const METHODS = [
  'decrypt',
  'deriveBits',
  'deriveKey',
  'digest',
  'encrypt',
  'exportKey',
  'generateKey',
  'importKey',
  'sign',
  'unwrapKey',
  'verify',
  'wrapKey',
] as const

let pending = 0
let begun = 0
let isCounting = false

/** Whether WebCrypto is working. Returns `false` before `countCryptography`. */
export const isCryptographyPending = (): boolean => pending > 0

/**
 * Waits until nothing is left to do without the passing of time.
 *
 * @throws {Error} If the work has not ended after 20 seconds of real time.
 */
export async function untilQuiet(): Promise<void> {
  const startedAt = performance.now()
  for (let turns = 0, seen = begun; turns < QUIET_TURNS; turns++) {
    await turn()
    if (performance.now() - startedAt > MAX_BUSY_MS)
      throw new Error('Cannot advance the clock: WebCrypto has been busy for 20 seconds.')
    if (pending === 0 && begun === seen) continue
    turns = -1
    seen = begun
  }
}

/** Browsers and workerd have no `setImmediate`. A timer takes a millisecond there, and not only a turn of the event loop. */
const next = (globalThis as { setImmediate?: (run: () => void) => void }).setImmediate ?? setTimeout

export function turn(): Promise<void> {
  return new Promise((resolve) => void next(resolve))
}

/** Counts the pending operations of WebCrypto. It works in other threads, so no turn of the event loop waits for it. */
export function countCryptography(): void {
  if (isCounting) return
  isCounting = true
  const subtle = crypto.subtle as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const finish = () => {
    pending -= 1
  }
  for (const method of METHODS) {
    const original = subtle[method]?.bind(crypto.subtle)
    if (!original) continue
    const value = (...args: unknown[]) => {
      const operation = original(...args)
      pending += 1
      begun += 1
      operation.then(finish, finish)
      return operation
    }
    Reflect.defineProperty(crypto.subtle, method, { value, configurable: true, writable: true })
  }
}
