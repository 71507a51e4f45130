import type { RequestContext } from '@evertoken/core/adapter'
import { ConfigurationError } from '@evertoken/core/tokens'

/** The part of `AsyncLocalStorage` that is used here. */
export interface AsyncStorage {
  /** Calls `work`. In it and in everything that it starts, `getStore` returns the value. */
  run<T>(value: object, work: () => T): T
  /** Returns the value, or `undefined` outside of `run`. */
  getStore(): object | undefined
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new () => AsyncStorage
}

const ELSEWHERE = 'the functions of `bind(env, ctx)`'

/** Creates the async context of the platform. Without one, only sessions that are named explicitly can be used. */
export function createRequestContext(storage: AsyncStorage | undefined = findStorage()): RequestContext {
  return {
    elsewhere: ELSEWHERE,
    run: (value, work) => (storage ? storage.run(value, work) : work()),
    get() {
      if (storage) return storage.getStore()
      const message = `No request is known. Add the compatibility flag \`nodejs_compat\` (date 2024-09-23 or later), or use ${ELSEWHERE}`
      throw new ConfigurationError('async_context_missing', message)
    },
  }
}

/**
 * It is not imported, because the import fails where the module is missing. All other features work without the
 * module.
 */
function findStorage(): AsyncStorage | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): AsyncHooks | undefined } }
  const hooks = process?.getBuiltinModule?.('node:async_hooks')
  return hooks && new hooks.AsyncLocalStorage()
}
