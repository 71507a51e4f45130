import { ConfigurationError } from '@evertoken/core'
import type { RequestContext } from '@evertoken/core/adapter'

/** The part of `AsyncLocalStorage` that is used here. */
export interface AsyncStorage {
  /** Calls `work`. In it and in everything that it starts, `getStore` returns the value. */
  run<T>(value: object, work: () => T): T
  /** Returns the value, or `undefined` outside of `run`. */
  getStore(): object | undefined
}

interface AsyncHooks {
  readonly AsyncLocalStorage?: new () => AsyncStorage
}

interface Globals extends AsyncHooks {
  readonly process?: { getBuiltinModule?(name: 'node:async_hooks'): AsyncHooks | undefined }
}

/** Creates the async context. If the runtime has none, only sessions that are named explicitly can be used. */
export function createEdgeContext(storage: AsyncStorage | undefined = createStorage()): RequestContext {
  return {
    run: (value, work) => (storage ? storage.run(value, work) : work()),
    get() {
      if (storage) return storage.getStore()
      const message =
        'Evertoken cannot find out whose request is being handled, because this runtime has no `AsyncLocalStorage`. Use the ' +
        'session that `handle` passes to your function, or pass `{ asyncStorage }` as the second argument of `evertoken`.'
      throw new ConfigurationError('async_context_missing', message)
    },
  }
}

/** It is not imported, because the import fails in a runtime without the module. Next.js and Vercel have a global. */
function createStorage(): AsyncStorage | undefined {
  const { AsyncLocalStorage, process } = globalThis as Globals
  const Storage = AsyncLocalStorage ?? process?.getBuiltinModule?.('node:async_hooks')?.AsyncLocalStorage
  return Storage && new Storage()
}
