/**
 * What a Durable Object is asked to do, as JSON: with the record of one session, or with the keys under one term. `now` is
 * the time of the Worker, in seconds since the epoch. Earlier versions did not send it.
 */
export type SessionsCall =
  | readonly ['read']
  | readonly ['swap', expected: string | undefined, record: string, expiresAt: number, now?: number]
  | readonly ['remove']
  | readonly ['list_keys']
  | readonly ['add_key', key: string, expiresAt: number, now?: number]
  | readonly ['remove_key', key: string]

/** The status with which an object says that its class was not declared to be SQLite-backed. */
export const NOT_SQLITE = 501
