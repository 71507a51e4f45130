import { ConfigurationError } from '@evertoken/core'
import type { RequestContext } from '@evertoken/core/adapter'

interface AsyncLocalStorage {
  run<T>(value: object, work: () => T): T
  getStore(): object | undefined
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new () => AsyncLocalStorage
}

interface Runtime {
  readonly process?: { getBuiltinModule?(name: 'node:async_hooks'): AsyncHooks | undefined }
}

/**
 * Loads `AsyncLocalStorage` when it is needed. An `import` would also load it in tools that only bundle or read this
 * package.
 *
 * @throws {ConfigurationError} If the runtime has no async context.
 */
export function createRequestContext(): RequestContext {
  const hooks = (globalThis as Runtime).process?.getBuiltinModule?.('node:async_hooks')
  if (!hooks) throw missing()
  const storage = new hooks.AsyncLocalStorage()
  return { run: (value, work) => storage.run(value, work), get: () => storage.getStore() }
}

function missing(): ConfigurationError {
  const message =
    'Cannot tell concurrent requests apart: this runtime has no async context; use Deno 2.1 or later'
  return new ConfigurationError('async_context_missing', message)
}
