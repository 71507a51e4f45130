import type { ServerProfile } from '../surface/server-profile.ts'
import { hostPart } from './host.ts'

/**
 * Returns the server profile of one policy of Azure AD B2C.
 *
 * The server returns an access token only if the `scope` names an API. For an API of the application itself, that is the
 * client ID, as in `openid offline_access <client ID>`.
 *
 * @param options - `name`: the name of the tenant, such as `shop` for `shop.b2clogin.com`. `policy`: the user flow or the
 *   custom policy, such as `B2C_1_sign_in`.
 * @returns A plain object for the option `server`.
 * @throws {ConfigurationError} If a name cannot be part of a host name.
 * @example
 *   import { azureB2c } from '@evertoken/core/providers'
 *
 *   const server = azureB2c({ name: 'shop', policy: 'B2C_1_sign_in' })
 * @see {@link https://learn.microsoft.com/azure/active-directory-b2c/openid-connect OpenID Connect in Azure AD B2C}
 */
export function azureB2c({
  name,
  policy,
}: {
  readonly name: string
  readonly policy: string
}): ServerProfile {
  const authority = `https://${hostPart(name, /^[a-z\d-]+$/i)}.b2clogin.com/${name}.onmicrosoft.com/${policy}/v2.0/`
  return {
    issuer: authority,
    metadata: `${authority}.well-known/openid-configuration`,
    // The metadata of all policies names one issuer, which has the GUID of the tenant (from memory).
    issuerInMetadata: 'any',
  }
}
