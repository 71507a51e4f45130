interface Listener {
  readonly callbacks: Set<() => void>
  readonly callAll: () => void
}

const listeners = new WeakMap<AbortSignal, Listener>()

/**
 * Calls a function when a signal aborts.
 *
 * All callers of one signal share a listener, because Node warns about a leak if a signal has more than 10.
 *
 * @returns A function that removes the callback.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, callAll } = listeners.get(signal) ?? listen(signal)
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
    if (callbacks.size > 0) return
    // A listener keeps a signal with a timeout in memory.
    signal.removeEventListener('abort', callAll)
    listeners.delete(signal)
  }
}

function listen(signal: AbortSignal): Listener {
  const callbacks = new Set<() => void>()
  const callAll = () => {
    for (const each of callbacks) each()
  }
  const listener = { callbacks, callAll }
  signal.addEventListener('abort', callAll)
  listeners.set(signal, listener)
  return listener
}
