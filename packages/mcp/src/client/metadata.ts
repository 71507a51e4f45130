import { isLoopback, omitUndefined } from '@evertoken/core/adapter'
import { type AuthorizationServerMetadata } from '../discovery/authorization-server.ts'
import { textsOf } from '../discovery/documents.ts'
import type { McpValues } from './options.ts'

/** The metadata of a client (RFC 7591 §2). */
export type ClientMetadata = Readonly<Record<string, unknown>>

/** Returns the metadata that a registration and the metadata document have in common. */
function createMetadata(
  { clientName, clientUri, logoUri }: McpValues,
  redirectUris: readonly string[],
): ClientMetadata {
  const isLocal = redirectUris.some((uri) => isLoopback(new URL(uri).hostname))
  return omitUndefined({
    client_name: clientName,
    client_uri: clientUri,
    logo_uri: logoUri,
    redirect_uris: redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    // Servers accept redirect URIs on loopback only from native applications.
    application_type: isLocal ? 'native' : 'web',
  })
}

/** Creates the document that authorization servers fetch from `clientMetadataUrl`. */
export function createClientDocument(values: McpValues, redirectUris: readonly string[]): ClientMetadata {
  const { clientMetadataUrl, clientAuthentication, jwks } = values
  return {
    client_id: clientMetadataUrl,
    ...createMetadata(values, redirectUris),
    token_endpoint_auth_method: clientAuthentication ? 'private_key_jwt' : 'none',
    ...(jwks && { jwks }),
  }
}

const METHODS = ['client_secret_basic', 'client_secret_post', 'none'] as const
/** A method with which a registered client authenticates. */
export type RegisteredMethod = (typeof METHODS)[number]

/** Returns the first method that the server supports. A secret is preferred, because the application can keep it. */
function methodFor(metadata: AuthorizationServerMetadata): RegisteredMethod {
  const supported = textsOf(metadata['token_endpoint_auth_methods_supported'])
  return METHODS.find((method) => supported.includes(method)) ?? 'client_secret_basic'
}

/** Creates the request of a dynamic registration (RFC 7591 §3.1). */
export function createRegistrationRequest(
  values: McpValues,
  redirectUri: string,
  metadata: AuthorizationServerMetadata,
  scope: string | undefined,
): ClientMetadata {
  // Some servers refuse a scope that is not registered, also when it is needed only later.
  const requested = (values.scope ?? scope ?? '').split(' ').filter(Boolean)
  const scopes = [...new Set([...requested, ...textsOf(metadata['scopes_supported'])])]
  return {
    ...createMetadata(values, [redirectUri]),
    token_endpoint_auth_method: methodFor(metadata),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  }
}

/** Whether a value is a method that Evertoken can use for a registered client. */
export function isRegisteredMethod(value: unknown): value is RegisteredMethod {
  return (METHODS as readonly unknown[]).includes(value)
}
