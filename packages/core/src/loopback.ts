/**
 * The loopback redirect of native applications, for adapters. `@evertoken/node/loopback` adds the server.
 *
 * @module
 */
export {
  connectOnLoopback,
  type LoopbackAttempt,
  type LoopbackOptions,
} from './surface/connections/connect-on-loopback.ts'
export type { ConnectableConnection } from './surface/connections/connection-parts.ts'
