import type { ProcessEnvironment } from '@evertoken/core/adapter'

/** The facts that Node or Bun provides. An import would load `node:cluster` into processes that do not use it. */
export const processEnvironment: ProcessEnvironment = {
  variable: (name) => process.env[name],
  get isClusterWorker() {
    // The types describe the namespace of an import, which this is not.
    const cluster = process.getBuiltinModule('node:cluster') as unknown as { readonly isWorker?: boolean }
    return cluster.isWorker === true
  },
}
