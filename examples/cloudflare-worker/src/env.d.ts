declare module 'cloudflare:workers' {
  import type { SessionsNamespace } from '@evertoken/cloudflare'

  /** What `wrangler types` makes of the configuration, as far as it is used here. */
  export const env: {
    readonly ISSUER: string
    readonly CLIENT_ID: string
    readonly CLIENT_SECRET: string
    readonly SESSION_SECRET: string
    readonly API_URL: string
    readonly SESSIONS: SessionsNamespace
  }
}
