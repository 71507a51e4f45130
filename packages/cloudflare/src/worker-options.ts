import type { RegistrationsOptions } from '@evertoken/core'
import type { EngineOptions } from '@evertoken/core/adapter'
import { ConfigurationError, type SessionStore, type TokenEngineOptions } from '@evertoken/core/tokens'
import { checkNoBinding } from './bindings.ts'

/** The options of `evertoken`. On Workers, `store` is required, because isolates share no memory. */
export type WorkerOptions = (EngineOptions | RegistrationsOptions) & {
  /** `createDurableObjectStore(env.…)`, for cookie sessions too. Every isolate must see a refresh. */
  readonly store: SessionStore
}

/** The options that are checked before all others. */
export type StoredOptions = Pick<TokenEngineOptions, 'store' | 'onEvent' | 'clientAuthentication'>

/** @throws {ConfigurationError} If an option from `env` is undefined. The message names the fix. */
export function checkWorkerOptions(options: StoredOptions): void {
  const missing = Object.entries(options).find(([, value]) => value === undefined)?.[0]
  const isPublic = missing === 'clientSecret' && options.clientAuthentication === 'none'
  if (options.store === undefined) throw unset('store', 'Use `createDurableObjectStore`')
  if (missing !== undefined && !isPublic) throw unset(missing, remedyFor(missing))
  checkNoBinding(options.store)
}

function remedyFor(option: string): string {
  const variable = 'Add it to `vars`, with `wrangler secret put`, or to `.dev.vars`'
  return option === 'clientSecret' ? `${variable}. For a public client, omit the option` : variable
}

function unset(option: string, remedy: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `Option \`${option}\` is undefined. ${remedy}.`)
}
