import type { ProcessEnvironment } from '@evertoken/core'

interface Platform {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>
    getBuiltinModule?(name: 'node:cluster'): { readonly isWorker?: boolean } | undefined
  }
  /** Set by the edge runtimes of Vercel and Next.js. */
  readonly EdgeRuntime?: unknown
}

/** What Node, Bun or an edge runtime shows. No module is imported, because edge runtimes have none of them. */
export const processEnvironment: ProcessEnvironment = {
  variable: (name) => (globalThis as Platform).process?.env?.[name],
  get isClusterWorker() {
    return (globalThis as Platform).process?.getBuiltinModule?.('node:cluster')?.isWorker === true
  },
  get isEdgeIsolate() {
    return typeof (globalThis as Platform).EdgeRuntime === 'string'
  },
}
