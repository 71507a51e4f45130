import {
  BEARER,
  createCustomRequest,
  type TokenRequestMechanism,
} from '../mechanisms/protocol/custom-requests.ts'
import { inQuery, renameRefresh } from '../rules/protocol/token-request-form.ts'
import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims, ReadTokenResponse } from './members.ts'

/**
 * Returns the server profile of Meta, for Facebook.
 *
 * Meta issues no refresh tokens. It exchanges an access token that has not expired for one of 60 days. Evertoken does so when
 * 10 % of its lifetime have passed. If the user is away for longer than the rest, the user must sign in again.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { meta } from '@evertoken/core/providers'
 *
 *   const server = meta()
 * @see {@link https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived Long-lived access tokens}
 */
export function meta(): ServerProfile {
  return {
    issuer: 'https://www.facebook.com',
    // Source of Nango.
    metadata: {
      authorization_endpoint: 'https://www.facebook.com/v22.0/dialog/oauth',
      token_endpoint: 'https://graph.facebook.com/v22.0/oauth/access_token',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // Source of Auth.js.
    defaultScope: 'email',
    // From memory.
    scopeSeparator: ',',
    // Documentation.
    tokenRequest: createCustomRequest(
      {
        format: 'query',
        refreshGrantType: GRANT_TYPE,
        refreshTokenParameter: GRANT_TYPE,
      },
      MECHANISM,
    ),
    refreshTokenReuse: 'tolerant',
    // From memory.
    verdicts: [{ member: 'error.code', is: ['190'], means: 'refresh_token_dead' }],
    // From memory.
    revocation: createCustomRequest(
      {
        url: 'https://graph.facebook.com/v22.0/me/permissions',
        method: 'DELETE',
        authentication: 'bearer',
      },
      BEARER,
    ),
    userInfo: {
      // Source of Auth.js.
      url: 'https://graph.facebook.com/me?fields=id,name,email',
      claims: readClaims,
    },
    dialect: {
      readTokenResponse,
    },
  }
}

const readClaims: ReadClaims = ({ id, ...claims }) => ({ sub: id, ...claims })

/** The access token itself is used to get the next one. */
const readTokenResponse: ReadTokenResponse = (body) => ({
  ...body,
  refresh_token: body['access_token'],
  refresh_in: 1,
})

const GRANT_TYPE = 'fb_exchange_token'

const MECHANISM: TokenRequestMechanism = {
  adapt(request, form) {
    renameRefresh(form, GRANT_TYPE, GRANT_TYPE)
    return inQuery(request, form)
  },
}
