/** What a Durable Object is asked to do, as JSON: with the record of one session, or with the keys under one term. */
export type SessionsCall =
  | { readonly do: 'read' }
  | {
      readonly do: 'swap'
      readonly expected: string | undefined
      readonly record: string
      readonly expiresAt: number
    }
  | { readonly do: 'remove' }
  | { readonly do: 'list_keys' }
  | { readonly do: 'add_key'; readonly key: string; readonly expiresAt: number }
  | { readonly do: 'remove_key'; readonly key: string }

/** The status with which an object says that its class was not declared to be SQLite-backed. */
export const NOT_SQLITE = 501
