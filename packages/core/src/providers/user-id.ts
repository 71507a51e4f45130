/** Returns the ID of a user as `sub`. A response without one, such as an error with the status 200, identifies no user. */
export function subOf(id: unknown): { readonly sub?: string } {
  return typeof id === 'string' || typeof id === 'number' ? { sub: String(id) } : {}
}
