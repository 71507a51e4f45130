/** Counts the calls of two functions that the path to a current token must not call. */
export interface Calls {
  timers: number
  crypto: number
}

export async function countCalls(work: () => Promise<unknown>): Promise<Calls> {
  const calls: Calls = { timers: 0, crypto: 0 }
  const restore = [
    ...['setTimeout', 'setInterval', 'setImmediate'].map((name) =>
      watch(globalThis, name, () => calls.timers++),
    ),
    ...methodsOf(crypto.subtle).map((name) => watch(crypto.subtle, name, () => calls.crypto++)),
    ...methodsOf(crypto).map((name) => watch(crypto, name, () => calls.crypto++)),
  ]
  try {
    await work()
  } finally {
    for (const undo of restore) undo()
  }
  return calls
}

function methodsOf(object: object): string[] {
  const prototype = Object.getPrototypeOf(object) as object
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(prototype))
  return descriptors
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name]) => name)
}

function watch(object: object, name: string, called: () => void): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name)
  const original = Reflect.get(object, name) as (...input: unknown[]) => unknown
  const value = (...input: unknown[]) => {
    called()
    return Reflect.apply(original, object, input)
  }
  Object.defineProperty(object, name, { configurable: true, writable: true, value })
  return () => {
    if (before) Object.defineProperty(object, name, before)
    else Reflect.deleteProperty(object, name)
  }
}
