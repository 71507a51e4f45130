import type { ConnectionProvider } from '@evertoken/core/connections'
import type { ResolverCall } from '@evertoken/core/adapter'
import type { Requests } from '../discovery/documents.ts'
import type { AuthorizationServerMetadata } from '../discovery/authorization-server.ts'
import type { Notes } from './notes.ts'
import type { McpValues } from './options.ts'
import type { RegisteredClient } from './register.ts'
import { type ConnectableServer, createRegisteredClients } from './registered-clients.ts'

/** The members of a provider that identify its client. */
export type ClientIdentity = Pick<ConnectionProvider, 'clientId' | 'clientSecret' | 'clientAuthentication'>

/**
 * Selects the client for an authorization server: one that the application has registered, one that Evertoken has registered
 * earlier, that of the metadata document, or one that is registered now.
 *
 * @param isFixed - Whether the application has set the URL of the MCP server.
 * @returns `undefined` if no client is known, and no owner has begun to connect.
 * @see {@link https://modelcontextprotocol.io/specification/draft/basic/authorization#client-registration-approaches MCP: Client Registration Approaches}
 */
export async function selectClient(
  server: ConnectableServer,
  isFixed: boolean,
  values: McpValues,
  call: ResolverCall,
  notes: Notes,
  requests: Requests,
): Promise<ClientIdentity | undefined> {
  const { metadata } = server
  const own = values.registrations.find(({ issuer }) => issuer === metadata.issuer)
  if (own) {
    const { issuer: _, ...identity } = own
    return identity
  }
  const registered = await createRegisteredClients(server, values, call, notes, requests)
  // Another client would end the grants of this one.
  const known = await registered?.find()
  if (known) return identityOf(known)
  const { clientMetadataUrl, clientAuthentication = 'none' } = values
  if (clientMetadataUrl !== undefined && acceptsDocument(metadata, isFixed))
    return { clientId: clientMetadataUrl, clientAuthentication }
  return registered && identityOf(await registered.register())
}

/**
 * Whether the client can be identified by its metadata document.
 *
 * The client ID and the redirect URI are then the same at all servers. A hostile server that a user has named could show the
 * authorization endpoint of another server, and get its code. The parameter `iss` of the response prevents it (RFC 9207 §2.4).
 */
function acceptsDocument(metadata: AuthorizationServerMetadata, isFixed: boolean): boolean {
  const hasIssuer = metadata['authorization_response_iss_parameter_supported'] === true
  return metadata['client_id_metadata_document_supported'] === true && (hasIssuer || isFixed)
}

function identityOf({ clientId, clientSecret, method }: RegisteredClient): ClientIdentity {
  if (clientSecret === undefined || method === 'none') return { clientId, clientAuthentication: 'none' }
  return { clientId, clientSecret, ...(method && { clientAuthentication: method }) }
}
