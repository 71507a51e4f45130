import { AsyncLocalStorage } from 'node:async_hooks'

const used = new Set<AsyncLocalStorage<unknown>>()

/** Every application has an async context, and up to Node 22 each costs every promise of the process a little. */
export function noteAsyncContexts(): void {
  const { run } = AsyncLocalStorage.prototype
  AsyncLocalStorage.prototype.run = function (this: AsyncLocalStorage<unknown>, ...args: unknown[]) {
    used.add(this)
    return Reflect.apply(run, this, args)
  } as typeof run
}

/** For the applications that are no longer needed. */
export function dropAsyncContexts(): void {
  for (const storage of used) storage.disable()
  used.clear()
}
