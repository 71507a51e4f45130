import type { Dialect } from './dialect.ts'

/** The metadata that follow from the facts about the server (RFC 8414 section 2). A member that is `undefined` is left out. */
export function metadataOf(dialect: Dialect): Record<string, unknown> {
  const { endpoints } = dialect
  return {
    issuer: dialect.issuer,
    authorization_endpoint: endpoints.authorize,
    token_endpoint: endpoints.token,
    jwks_uri: endpoints.jwks,
    revocation_endpoint: endpoints.revoke,
    userinfo_endpoint: endpoints.userInfo,
    end_session_endpoint: endpoints.endSession,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: dialect.clientAuthentication,
    id_token_signing_alg_values_supported: [dialect.idTokens?.algorithm ?? 'RS256'],
    scopes_supported: dialect.scopes,
    ...dialect.metadata?.members,
  }
}
