/** Returns a member that is an object. Returns an empty object if it is something else. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return Object(value) as Readonly<Record<string, unknown>>
}

/** Returns one ID of two that only together identify a user. Returns `undefined` if one of them is missing. */
export function pairOf(first: unknown, second: unknown): string | undefined {
  return first && second ? `${first as string}:${second as string}` : undefined
}
