/** The members that are named, as far as they are there; of what has secrets, all that may be shown. */
export function pick<T extends object>(from: T, names: readonly (keyof T & string)[]): Partial<T> {
  const picked = Object.entries(from).filter(([name]) => (names as readonly string[]).includes(name))
  return Object.fromEntries(picked) as Partial<T>
}
