/** Numbers that depend only on the seed (mulberry32). */
export interface Random {
  /** From 0 up to, but not including, 1. */
  next(): number
  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number
  pick<T>(items: readonly [T, ...T[]]): T
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return { next, below, pick: (items) => items[below(items.length)] ?? items[0] }
}

/** A seed for one case of many, so that only this case can run again. */
export function seedOf(seed: number, ...names: readonly (number | string)[]): number {
  let hash = 0x811c9dc5 ^ seed
  for (const char of names.join('\n')) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 0
}

/** Makes this whole process draw from `random`: identifiers, pauses, initialisation vectors. */
export function drawFrom({ next, below }: Random): void {
  Math.random = next
  const getRandomValues = (bytes: Uint8Array) => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = below(256)
    return bytes
  }
  Object.defineProperty(crypto, 'getRandomValues', { configurable: true, value: getRandomValues })
}
