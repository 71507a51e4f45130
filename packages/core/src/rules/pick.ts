/** Returns the named members, if they exist. For objects with secrets, the names are those that can be shown. */
export function pick<T extends object>(from: T, names: readonly (keyof T & string)[]): Partial<T> {
  const picked = Object.entries(from).filter(([name]) => (names as readonly string[]).includes(name))
  return Object.fromEntries(picked) as Partial<T>
}
