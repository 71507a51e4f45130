declare module 'cloudflare:workers' {
  import type { SessionsNamespace } from '@evertoken/cloudflare'

  /** The types that `wrangler types` derives from the configuration, limited to the used parts. */
  export const env: {
    readonly ISSUER: string
    readonly CLIENT_ID: string
    readonly CLIENT_SECRET: string
    readonly SESSION_SECRET: string
    readonly API_URL: string
    readonly SESSIONS: SessionsNamespace
  }
}
