declare module 'cloudflare:workers' {
  import type { SessionsNamespace } from '@evertoken/cloudflare'

  interface OwnerPage {
    readonly keys: readonly { readonly name: string }[]
    readonly list_complete: boolean
    readonly cursor?: string
  }

  /** The types that `wrangler types` derives from the configuration, limited to the used parts. */
  export const env: {
    readonly ISSUER: string
    readonly CLIENT_ID: string
    readonly CLIENT_SECRET: string
    readonly SESSION_SECRET: string
    readonly API_URL: string
    readonly SESSIONS: SessionsNamespace
    readonly OWNERS: {
      list(options: { readonly limit: number; readonly cursor?: string | undefined }): Promise<OwnerPage>
      put(key: string, value: string): Promise<void>
      delete(key: string): Promise<void>
    }
    readonly JOBS: { sendBatch(messages: readonly { readonly body: string }[]): Promise<unknown> }
  }
}
