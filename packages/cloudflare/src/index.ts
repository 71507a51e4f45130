/**
 * Evertoken for Cloudflare Workers.
 *
 * @module
 */
import { createCurrentSession, createEngine, type UserSession } from '@evertoken/core'
import type { FromEnv } from './engines.ts'
import { createWorker, type Platform, type Worker } from './worker.ts'
import type { WorkerOptions } from './worker-options.ts'

export * from '@evertoken/core'
export { createDurableObjectStore, type SessionsNamespace } from './durable-object-store.ts'
export { EvertokenSessions, type SessionsState, type SessionsStorage } from './evertoken-sessions.ts'
export type { AsyncStorage } from './request-context.ts'
export type { FromEnv } from './engines.ts'
export type { Platform, Worker, WorkerContext, WorkerHandler } from './worker.ts'
export type { WorkerOptions } from './worker-options.ts'

/**
 * Token management for the users of one application, on Workers. It also has the functions of the session interface,
 * for the user of the request being handled. These functions need the compatibility flag `nodejs_compat`.
 */
export interface Evertoken<Env> extends UserSession, Worker<UserSession, Env> {}

/**
 * @param options - Pass a function if they come from `env`. It is called at the first request.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function evertoken<Env = unknown>(
  options: FromEnv<WorkerOptions, Env>,
  platform?: Platform,
): Evertoken<Env> {
  return createWorker({ engine: createEngine, current: createCurrentSession }, options, platform)
}
