import type { ProcessEnvironment } from '@evertoken/core/adapter'

/** The part of `Deno` that is used here. Deno Deploy has no permissions. */
interface DenoEnv {
  readonly env: { get(name: string): string | undefined }
  readonly permissions?: {
    querySync?(permission: { readonly name: 'env'; readonly variable: string }): { readonly state: string }
  }
}

/** Reads only variables that the process may read, so that no program needs another permission. */
export const denoEnvironment: ProcessEnvironment = {
  variable(name) {
    const { Deno } = globalThis as { readonly Deno?: DenoEnv }
    const permission = Deno?.permissions?.querySync?.({ name: 'env', variable: name })
    return permission && permission.state !== 'granted' ? undefined : Deno?.env.get(name)
  },
}
