/** The age of a registration that a process has loaded. */
export interface LoadedState {
  /** The time since the load began, in milliseconds. */
  readonly ageMs: number
  /** How long a loaded registration is used, in milliseconds. */
  readonly freshMs: number
}

/**
 * Decides the next step when a registration is needed.
 *
 * - `use`: it is fresh, or it cannot be loaded now. A failure of the function that loads it must not sign users out.
 * - `load`: nothing is known, so the caller waits for the load.
 * - `reload`: the caller waits only briefly, and then uses the known one.
 * - `refuse`: nothing is known, and the load has failed a moment ago.
 *
 * @param known - Absent if it was never loaded, or no longer exists.
 * @param isPaused - Whether the load has failed a moment ago.
 */
export function decideReuse(
  known: LoadedState | undefined,
  isPaused: boolean,
): 'use' | 'load' | 'reload' | 'refuse' {
  if (!known) return isPaused ? 'refuse' : 'load'
  return isPaused || known.ageMs < known.freshMs ? 'use' : 'reload'
}

/**
 * Whether two loads of a registration have returned the same.
 *
 * Plain objects and lists are compared by their members, all other values by identity: nothing shows what a function or a value
 * such as `privateKeyJwt(key)` contains.
 *
 * @param lateBound - Names of members whose functions are looked up at each call, so that two functions are the same.
 */
export function isSameRegistration(one: object, other: object, lateBound: readonly string[]): boolean {
  return hasSameMembers(one, other, (name, a, b) => {
    const areFunctions = typeof a === 'function' && typeof b === 'function'
    return (areFunctions && lateBound.includes(String(name))) || isSame(a, b)
  })
}

/** Members whose functions are looked up at each call, because each load returns new ones. */
export const LATE_BOUND = ['clientSecret', 'fetch'] as const

/**
 * Returns a registration whose late-bound functions call those of the latest one.
 *
 * @param latest - Returns the latest registration, which is the same except for these functions.
 */
export function bindLate<Registration extends LateBound>(
  registration: Registration,
  latest: () => LateBound,
): Registration {
  const names = LATE_BOUND.filter((name) => typeof Object(registration)[name] === 'function')
  const functions = names.map((name): [string, unknown] => [
    name,
    (...args: never[]) => (latest()[name] as (...args: never[]) => unknown)(...args),
  ])
  return functions.length > 0 ? { ...registration, ...Object.fromEntries(functions) } : registration
}

type LateBound = { readonly [Name in (typeof LATE_BOUND)[number]]?: unknown }

function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  return isPlain(one) && isPlain(other) && hasSameMembers(one, other, (_name, a, b) => isSame(a, b))
}

function hasSameMembers(
  one: object,
  other: object,
  compare: (name: PropertyKey, a: unknown, b: unknown) => boolean,
): boolean {
  const names = Reflect.ownKeys(one)
  return (
    names.length === Reflect.ownKeys(other).length &&
    names.every(
      (name) => Object.hasOwn(other, name) && compare(name, Reflect.get(one, name), Reflect.get(other, name)),
    )
  )
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}
