import type { ConnectionChanges } from '../../mechanisms/connections/connection-changes.ts'
import type { ConnectionHandleOptions } from '../../mechanisms/connections/connection-handle.ts'
import type { ConnectionClient } from '../../mechanisms/connections/connection-tokens.ts'
import type { IdleRefreshes } from '../../mechanisms/connections/refresh-idle.ts'
import type { RefreshIndex, RefreshIndexOptions } from '../../mechanisms/connections/refresh-index.ts'
import type { Seal } from '../../mechanisms/sessions/seal.ts'
import type { GuardedStore } from '../../mechanisms/stores/guarded-store.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { EventListener } from '../../vocabulary/index.ts'

/** The value of the option `keepAlive`. */
export interface IdleGrants {
  /** The name of the option. */
  readonly kind: 'keepAlive'
}

/** Which grants are refreshed. */
export interface KeepAliveOptions {
  /**
   * Refreshes the grants that were not refreshed for this long, in seconds.
   *
   * Choose less than the time after which the provider ends a refresh token that is not used.
   */
  readonly olderThanSeconds: number
  /** Ends the run early, such as `AbortSignal.timeout(50_000)`. Refreshes in progress are completed. */
  readonly signal?: AbortSignal
  /**
   * How many refreshes this process starts at each provider in a minute. They are spaced evenly. Other calls do not wait for them.
   *
   * A refresh that fails can send its request up to three times.
   *
   * @default 600
   */
  readonly refreshesPerMinute?: number
  /**
   * About how many requests a run sends, to the store and to the providers together. At least 25. The next run continues.
   *
   * Use it where the platform limits the requests of an invocation, and choose at most 80 % of that limit. A refresh is planned
   * with 10 requests, but needs more if another process holds the connection or the provider fails.
   *
   * @default no limit
   */
  readonly maxRequests?: number
}

/** The parts of `createConnections` that a run uses. */
export interface IdleApplication extends Omit<ConnectionHandleOptions, 'clock'> {
  readonly host: Pick<ConnectionHandleOptions, 'clock'> & {
    readonly store: GuardedStore
    readonly seal: Seal
    readonly admits: () => boolean
    readonly emit: EventListener
  }
  readonly values: { readonly providers: object }
  readonly clients: {
    clientFor(
      provider: string,
      context: { readonly owner: string; readonly label: string | undefined },
      lookUp?: undefined,
      grantClientId?: string,
    ): ConnectionClient | Promise<ConnectionClient>
  }
  readonly changes: Pick<ConnectionChanges, 'markBroken'>
}

/** The functions of the value, so that they cost nothing without it. */
export interface IdleGrantsMechanism {
  createIndex(options: RefreshIndexOptions): RefreshIndex
  run(application: IdleApplication, options: KeepAliveOptions, keepAlive: KeepAlive): Promise<IdleRefreshes>
}

/** It is a global symbol, because a bundler can load this module twice. */
const MECHANISM: unique symbol = Symbol.for('evertoken.keepAlive.1') as never

export function createIdleGrants(mechanism: IdleGrantsMechanism): IdleGrants {
  const value = Object.defineProperty({ kind: 'keepAlive' }, MECHANISM, { value: mechanism })
  return Object.freeze(value) as object as IdleGrants
}

export function isIdleGrants(value: unknown): value is IdleGrants {
  return MECHANISM in Object(value)
}

export function idleGrantsMechanismOf(value: IdleGrants | undefined): IdleGrantsMechanism | undefined {
  return (value as { readonly [MECHANISM]?: IdleGrantsMechanism } | undefined)?.[MECHANISM]
}
