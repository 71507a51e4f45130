/** The current time by the clocks that a token can be compared with, in seconds since the epoch. */
export interface TimeReading {
  /** By the wall clock of this process. */
  readonly wall: number
  /** By the clock of the authorization server, if one of its responses has shown it. */
  readonly server?: number | undefined
}

/**
 * Returns the time by the clock that a date in the record was written with.
 *
 * A date that was written with the server's clock is compared with that clock. A process that does not know it yet
 * uses the difference that the writer saw. A date that was written with a wall clock is compared with a wall clock.
 */
export function timeFor(
  { ahead }: { readonly ahead?: number | undefined },
  { wall, server }: TimeReading,
): number {
  if (ahead === undefined) return wall
  return server ?? wall + ahead
}
