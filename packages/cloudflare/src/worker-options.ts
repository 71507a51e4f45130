import type { EngineOptions } from '@evertoken/core'
import { ConfigurationError, type SessionStore, type TokenEngineOptions } from '@evertoken/core/tokens'
import { checkNoBinding } from './bindings.ts'

/** The options of `evertoken`; on Workers the store has to be named, for the memory of an isolate is shared by nobody. */
export interface WorkerOptions extends EngineOptions {
  /** `createDurableObjectStore(env.…)`, for cookie sessions too: a refresh must be seen by every isolate. */
  readonly store: SessionStore
}

const FROM_ENV = ['issuer', 'clientId', 'clientSecret', 'secret'] as const

/** @throws ConfigurationError for what is easily missing in `env`; it says what to add. */
export function checkWorkerOptions(options: TokenEngineOptions): void {
  const missing = FROM_ENV.find((name) => name in options && options[name] === undefined)
  if (missing !== undefined && !(missing === 'clientSecret' && options.clientAuthentication === 'none')) {
    const problem =
      'is undefined: when it comes from "env", add it to "vars" or by "wrangler secret put" (in development: to .dev.vars)'
    throw new ConfigurationError('invalid_option', `Option "${missing}" ${problem}`)
  }
  if (options.store === undefined) {
    const problem = 'is missing: use "createDurableObjectStore" on a Durable Object binding'
    throw new ConfigurationError('invalid_option', `Option "store" ${problem}`)
  }
  checkNoBinding(options.store)
}
