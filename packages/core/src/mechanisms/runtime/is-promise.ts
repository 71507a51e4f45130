/**
 * Whether a value is a promise. Tools such as zone.js replace the global `Promise`, and async functions do not return
 * instances of that.
 */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (Object(value) as Partial<Promise<T>>).then === 'function'
}
