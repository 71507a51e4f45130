/** An access token in the session. Times are seconds since the epoch. */
export interface StoredToken {
  readonly value: string
  readonly type: 'Bearer'
  /** When its request was sent. */
  readonly obtainedAt: number
  readonly expiresAt: number
  /**
   * By how many seconds the authorization server's clock was ahead of the writer's. If it is present, both times are by
   * the server's clock. If it is absent, they are by the writer's wall clock.
   */
  readonly ahead?: number | undefined
  readonly scope?: string | undefined
  /** The number of its refresh attempt, or 0 for the sign-in. */
  readonly attempt: number
  /** How many of its predecessors an API rejected in a row. */
  readonly rejections?: number | undefined
}
