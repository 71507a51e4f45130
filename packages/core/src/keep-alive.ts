/**
 * Refreshes the grants of connections that are not used, before the provider ends them.
 *
 * @module
 */
export type { IdleRefreshes } from './mechanisms/connections/refresh-idle.ts'
export { keepAlive } from './surface/connections/keep-alive.ts'
export type { IdleGrants, KeepAliveOptions } from './surface/connections/keep-alive-value.ts'
