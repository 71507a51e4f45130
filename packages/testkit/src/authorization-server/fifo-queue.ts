/** A first-in, first-out queue. Both operations take constant time, also with 10,000 entries. */
export interface FifoQueue<T> {
  readonly size: number
  add(value: T): void
  /** Removes the oldest value. */
  take(): T | undefined
}

export function createFifoQueue<T>(): FifoQueue<T> {
  let newest: Link<T> = { value: undefined, next: undefined }
  /** The last link that was taken, so that adding never has to treat an empty queue differently. */
  let taken = newest
  let size = 0
  return {
    get size() {
      return size
    },
    add(value) {
      newest = newest.next = { value, next: undefined }
      size += 1
    },
    take() {
      if (!taken.next) return undefined
      taken = taken.next
      const { value } = taken
      taken.value = undefined
      size -= 1
      return value
    },
  }
}

interface Link<T> {
  value: T | undefined
  next: Link<T> | undefined
}
