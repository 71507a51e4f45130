/** @throws {RangeError} If the value is not a number of at least `least`. */
export function requireAtLeast(name: string, value: number, least: number): void {
  if (typeof value === 'number' && value >= least) return
  throw new RangeError(`Option \`${name}\` is ${String(value)}. Pass a number of at least ${least}.`)
}

/** @throws {RangeError} If the value is not a whole number of at least `least`. `Infinity` is allowed. */
export function requireWholeNumber(name: string, value: number, least: number): void {
  if ((Number.isInteger(value) || value === Infinity) && value >= least) return
  throw new RangeError(`Option \`${name}\` is ${String(value)}. Pass a whole number of at least ${least}.`)
}
