import type { EngineOptions } from '@evertoken/core'
import { ConfigurationError, type SessionStore, type TokenEngineOptions } from '@evertoken/core/tokens'
import { checkNoBinding } from './bindings.ts'

/** The options of `evertoken`; on Workers the store has to be named, for the memory of an isolate is shared by nobody. */
export interface WorkerOptions extends EngineOptions {
  /** `createDurableObjectStore(env.…)`, for cookie sessions too: a refresh must be seen by every isolate. */
  readonly store: SessionStore
}

/** @throws ConfigurationError for what is easily missing in `env`; it says what to add. */
export function checkWorkerOptions(options: TokenEngineOptions): void {
  const missing = Object.entries(options).find(([, value]) => value === undefined)?.[0]
  const isPublic = missing === 'clientSecret' && options.clientAuthentication === 'none'
  if (options.store === undefined) throw unset('store', 'use "createDurableObjectStore"')
  if (missing !== undefined && !isPublic) throw unset(missing, remedyFor(missing))
  checkNoBinding(options.store)
}

function remedyFor(option: string): string {
  const variable = 'add it to "vars", by "wrangler secret put" or to .dev.vars'
  return option === 'clientSecret' ? `${variable}. For a public client, omit the option` : variable
}

function unset(option: string, remedy: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `Option "${option}" is undefined: ${remedy}`)
}
