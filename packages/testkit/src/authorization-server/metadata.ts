import { JWT_BEARER, TOKEN_EXCHANGE } from './exchange.ts'
import type { World } from './model.ts'

/** RFC 8414 section 2, OpenID Connect Discovery section 3. */
export function metadataOf({ issuer, signer, metadata, paths }: World): Record<string, unknown> {
  const base = issuer().replace(/\/$/, '')
  return {
    issuer: issuer(),
    authorization_endpoint: base + paths.authorize,
    token_endpoint: base + paths.token,
    revocation_endpoint: base + paths.revoke,
    userinfo_endpoint: base + paths.userinfo,
    end_session_endpoint: base + paths.endSession,
    jwks_uri: base + paths.jwks,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      TOKEN_EXCHANGE,
      JWT_BEARER,
    ],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'profile', 'offline_access'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: signer.algorithms,
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    ...metadata,
  }
}
