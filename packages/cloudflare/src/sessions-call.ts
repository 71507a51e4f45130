/**
 * A request to a Durable Object, as JSON. It concerns the record of one session, or the keys under one term. `now` is
 * the time of the Worker, in seconds since the epoch. Earlier versions did not send it.
 */
export type SessionsCall =
  | readonly ['read']
  | readonly ['swap', expected: string | undefined, record: string, expiresAt: number, now?: number]
  | readonly ['remove']
  | readonly ['list_keys']
  | readonly ['add_key', key: string, expiresAt: number, now?: number]
  | readonly ['remove_key', key: string]

/** The status with which an object reports that its class is not SQLite-backed. */
export const NOT_SQLITE = 501
