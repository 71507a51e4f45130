import type { KeepAlive } from '../ports/runtime.ts'

interface WithWaitUntil {
  waitUntil(work: Promise<unknown>): void
}

/**
 * Finds `waitUntil` among the arguments that a platform passes to a handler after the request. Examples are the
 * context of Netlify, the event of Next.js, and the `ctx` of Workers.
 */
export function findKeepAlive(rest: readonly unknown[]): KeepAlive | undefined {
  const context = rest.find(hasWaitUntil)
  return context && ((work) => context.waitUntil(work))
}

function hasWaitUntil(argument: unknown): argument is WithWaitUntil {
  return typeof (Object(argument) as Partial<WithWaitUntil>).waitUntil === 'function'
}
