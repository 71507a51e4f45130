import type { ProviderContext } from './provider.ts'
import { ALGORITHMS, scopeOf } from './variant.ts'

/** The metadata of the base provider. */
export function metadataOf(
  { issuer, variant, deviations }: Pick<ProviderContext, 'issuer' | 'variant' | 'deviations'>,
  aliasBase: string,
): object {
  const isOidc = variant.clientType === 'oidc'
  const endpoints = (base: string) => ({
    token_endpoint: `${base}token`,
    pushed_authorization_request_endpoint: `${base}par`,
    ...(isOidc && { userinfo_endpoint: `${base}userinfo` }),
  })
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}authorize`,
    jwks_uri: `${issuer}jwks`,
    ...endpoints(issuer),
    mtls_endpoint_aliases: endpoints(aliasBase),
    require_pushed_authorization_requests: true,
    response_types_supported: ['code'],
    response_modes_supported: variant.messageSigning ? ['jwt'] : ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    scopes_supported: scopeOf(variant).split(' '),
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
    ...(variant.senderConstraint === 'dpop'
      ? { dpop_signing_alg_values_supported: ALGORITHMS }
      : { tls_client_certificate_bound_access_tokens: true }),
    ...(isOidc && {
      id_token_signing_alg_values_supported: ['PS256'],
      subject_types_supported: ['public'],
    }),
    ...(variant.messageSigning && {
      request_object_signing_alg_values_supported: ALGORITHMS,
      authorization_signing_alg_values_supported: ['PS256'],
    }),
  }
  return deviations.metadata?.(metadata) ?? metadata
}
