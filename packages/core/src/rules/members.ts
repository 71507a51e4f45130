/**
 * Whether a value read from JSON is an object: neither a list nor null.
 *
 * @example
 *   const isObject = isJsonObject(JSON.parse('[]')) // false
 */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns the named members, if they exist. For objects with secrets, the names are those that can be shown. */
export function pick<T extends object>(from: T, names: readonly (keyof T & string)[]): Partial<T> {
  const picked = Object.entries(from).filter(([name]) => (names as readonly string[]).includes(name))
  return Object.fromEntries(picked) as Partial<T>
}

/** Converts members that may be undefined to members that may be absent. */
export type Defined<T> = {
  [Name in keyof T as undefined extends T[Name] ? never : Name]: T[Name]
} & { [Name in keyof T as undefined extends T[Name] ? Name : never]?: Exclude<T[Name], undefined> }

/**
 * Returns the members that have a value, so that `in` finds no others.
 *
 * @example
 *   const members = omitUndefined({ scope: undefined, state: 'a' }) // { state: 'a' }
 */
export function omitUndefined<const T extends object>(members: T): Defined<T> {
  const defined: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(members)) if (value !== undefined) defined[name] = value
  return defined as Defined<T>
}
