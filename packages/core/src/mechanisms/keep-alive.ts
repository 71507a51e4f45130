import type { KeepAlive } from '../ports/runtime.ts'

/** Lets work finish even if the browser leaves or the response is sent first. */
export function keepAliveUntilDone<T>(work: Promise<T>, keepAlive: KeepAlive): Promise<T> {
  keepAlive(work.catch(() => undefined))
  return work
}
