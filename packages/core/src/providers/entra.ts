import type { ServerProfile } from '../surface/server-profile.ts'
import { ENTRA, ENTRA_HOSTS } from './entra-facts.ts'
import { hostPart } from './host.ts'

/** A part of a host name that has no dot. */
const LABEL = /^[a-z\d-]+$/i

/**
 * Returns the server profile of one tenant of Microsoft Entra ID.
 *
 * @param options - `tenant`: the ID of the tenant, which is a GUID. The name of a domain does not work, because the issuer
 *   has the GUID. `cloud`: `'global'` by default.
 * @returns A plain object for the option `server`.
 * @example
 *   import { entra } from '@evertoken/core/providers'
 *
 *   const server = entra({ tenant: '8f4bd0e5-0000-4000-8000-3f2504e04f89' })
 * @see {@link https://learn.microsoft.com/entra/identity-platform/refresh-tokens Refresh tokens}
 */
export function entra({
  tenant,
  cloud = 'global',
}: {
  readonly tenant: string
  readonly cloud?: 'global' | 'usgov' | 'china'
}): ServerProfile {
  return { issuer: `https://${ENTRA_HOSTS[cloud]}/${tenant}/v2.0`, ...ENTRA }
}

/**
 * Returns the server profile of Microsoft Entra ID for users of several tenants.
 *
 * @param options - `tenants`: the IDs of the tenants whose users may sign in, which are GUIDs. `audience`:
 *   `'organizations'` by default, or `'common'` to offer personal accounts too. The tenant of personal accounts is
 *   `9188040d-6c67-4c5b-b112-36a304b66dad`. `cloud`: `'global'` by default.
 * @returns A plain object for the option `server`.
 * @example
 *   import { entraMultiTenant } from '@evertoken/core/providers'
 *
 *   const server = entraMultiTenant({ tenants: ['8f4bd0e5-0000-4000-8000-3f2504e04f89'] })
 * @see {@link https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc OpenID Connect on the Microsoft identity platform}
 */
export function entraMultiTenant({
  tenants,
  audience = 'organizations',
  cloud = 'global',
}: {
  readonly tenants: readonly string[]
  readonly audience?: 'organizations' | 'common'
  readonly cloud?: 'global' | 'usgov' | 'china'
}): ServerProfile {
  // The issuer of the metadata is a template, which `tid` of the ID token fills (source of MSAL and openid-client).
  return { issuer: `https://${ENTRA_HOSTS[cloud]}/${audience}/v2.0`, tenants, ...ENTRA }
}

/**
 * Returns the server profile of Microsoft Entra External ID, for customers.
 *
 * @param options - `name`: the name of the tenant, such as `shop` for `shop.ciamlogin.com`. `tenant`: the ID of the tenant,
 *   which is a GUID.
 * @returns A plain object for the option `server`.
 * @throws {ConfigurationError} If the name or the tenant cannot be part of a host name.
 * @example
 *   import { entraExternalId } from '@evertoken/core/providers'
 *
 *   const server = entraExternalId({ name: 'shop', tenant: '8f4bd0e5-0000-4000-8000-3f2504e04f89' })
 * @see {@link https://learn.microsoft.com/entra/external-id/customers/overview-customers-ciam Microsoft Entra External ID}
 */
export function entraExternalId({
  name,
  tenant,
}: {
  readonly name: string
  readonly tenant: string
}): ServerProfile {
  return {
    // The host of the issuer is the tenant (from memory). The host of the metadata is the name (source of MSAL).
    issuer: `https://${hostPart(tenant, LABEL)}.ciamlogin.com/${tenant}/v2.0`,
    metadata: `https://${hostPart(name, LABEL)}.ciamlogin.com/${name}.onmicrosoft.com/v2.0/.well-known/openid-configuration`,
    ...ENTRA,
  }
}
