// A SaaS whose customers bring their own Entra tenant: which one is told by the host, and read from the database.
// Closest peer: Spring Security's ClientRegistrationRepository, with a resolver by host to write; in JS, MSAL: one
// ConfidentialClientApplication per tenant, made and thrown away by hand, each with a cache of its own.
import { createServer } from 'node:http'
import { evertoken, type SessionStore } from '@evertoken/node'
import { entra } from '@evertoken/core/providers'
import { onBehalfOf } from '@evertoken/core/grants'
import { tenants } from '@evertoken/core/tenants'

declare const redis: SessionStore
declare const db: {
  tenantByHost(
    host: string,
  ): Promise<{ entraTenant: string; clientId: string; secretName: string } | undefined>
}
declare const vault: { read(name: string): Promise<string> }

export const auth = evertoken({
  encryptionSecret: process.env['SESSION_SECRET'],
  session: 'server',
  store: redis,
  scope: 'openid profile offline_access',
  registrations: tenants({
    nameOf: (request) => new URL(request.url).hostname,
    async load(host) {
      const tenant = await db.tenantByHost(host)
      if (!tenant) return undefined // 404, `tenant_unknown`
      return {
        server: entra({ tenant: tenant.entraTenant }),
        clientId: tenant.clientId,
        clientSecret: () => vault.read(tenant.secretName), // asked for each token request: rotation needs no restart
      }
    },
  }),
  onSignIn: (claims, { registration }) => ({ ...claims, tenant: registration }),
})
const graph = auth.createTokenFetch({
  baseUrl: 'https://graph.microsoft.com/v1.0/',
  scope: 'https://graph.microsoft.com/User.Read',
})
const reports = auth.createTokenFetch({
  baseUrl: 'https://reports.example.com/',
  token: onBehalfOf({ scope: 'api://reports/.default' }),
})

createServer(
  auth.listener(async (request) => {
    const response =
      new URL(request.url).pathname === '/report' ? await reports('monthly') : await graph('me')
    return new Response(response.body, response)
  }),
).listen(3000)
