import { AS_CLIENT, createCustomRequest } from '../mechanisms/protocol/custom-requests.ts'
import type { ServerProfile } from '../surface/server-profile.ts'
import type { ReadClaims } from './members.ts'

/**
 * Returns the server profile of Stripe Connect.
 *
 * The record is that of the connected account, whose ID identifies it. The client secret is the secret key of your platform. Access
 * tokens do not expire.
 *
 * @returns A plain object for the option `server`.
 * @example
 *   import { stripeConnect } from '@evertoken/core/providers'
 *
 *   const server = stripeConnect()
 * @see {@link https://docs.stripe.com/connect/oauth-reference OAuth reference}
 */
export function stripeConnect(): ServerProfile {
  return {
    issuer: 'https://connect.stripe.com',
    // Source of stripe-node. The authentication is from memory.
    metadata: {
      authorization_endpoint: 'https://connect.stripe.com/oauth/authorize',
      token_endpoint: 'https://connect.stripe.com/oauth/token',
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    // Source of stripe-node.
    defaultScope: 'read_write',
    // A response has no lifetime, because the token is an API key (source of stripe-node).
    defaultTokenLifetimeSeconds: Infinity,
    // Source of stripe-node.
    revocation: createCustomRequest(
      {
        url: 'https://connect.stripe.com/oauth/deauthorize',
        token: 'stripe_user_id',
      },
      AS_CLIENT,
    ),
    userInfo: {
      // Source of stripe-node.
      fromTokenResponse: true,
      claims: readClaims,
    },
  }
}

const readClaims: ReadClaims = ({ stripe_user_id: id }) => ({ sub: id })
