import type { ConnectionProvider } from '@evertoken/core/connections'
import type { ResolverCall } from '@evertoken/core/adapter'
import type { Requests } from '../discovery/documents.ts'
import type { McpServer } from '../discovery/find-server.ts'
import type { Notes } from './notes.ts'
import type { McpValues } from './options.ts'
import { type RegisteredClient, registerClient } from './register.ts'

/** A server, with the redirect URI for a registration that no owner begins. */
type ConnectableServer = McpServer & { readonly redirectUri?: string | undefined }

/** The members of a provider that identify its client. */
export type ClientIdentity = Pick<ConnectionProvider, 'clientId' | 'clientSecret' | 'clientAuthentication'>

/** A refusal that is confirmed after this time shows that the server has forgotten the client. In seconds. */
const CONFIRMED_SECONDS = 60
/** Refusals that are further apart have nothing to do with each other. In seconds. */
const RELATED_SECONDS = 3600
/** The time before its expiry at which a secret is replaced, in seconds: a user needs it to complete the sign-in. */
const EXPIRY_MARGIN_SECONDS = 900

/**
 * Selects the client for an authorization server: one that the application has registered, otherwise that of the metadata
 * document, otherwise one that is registered dynamically.
 *
 * @returns `undefined` if no client is known, and no owner has begun to connect.
 * @see {@link https://modelcontextprotocol.io/specification/draft/basic/authorization#client-registration-approaches MCP: Client Registration Approaches}
 */
export async function selectClient(
  server: ConnectableServer,
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
  const { clientMetadataUrl, clientAuthentication = 'none' } = values
  if (clientMetadataUrl !== undefined && metadata['client_id_metadata_document_supported'] === true)
    return { clientId: clientMetadataUrl, clientAuthentication }
  const client = await keepRegistered(server, values, call, notes, requests)
  return client && identityOf(client)
}

function identityOf({ clientId, clientSecret, method }: RegisteredClient): ClientIdentity {
  if (clientSecret === undefined || method === 'none') return { clientId, clientAuthentication: 'none' }
  return { clientId, clientSecret, ...(method && { clientAuthentication: method }) }
}

/**
 * Returns the client that is registered for the issuer, and registers it if that is necessary.
 *
 * A new client ends the grants of the earlier one, so a single refusal must not cause it while the owners are absent. It could be a
 * temporary fault of the server.
 */
async function keepRegistered(
  server: ConnectableServer,
  values: McpValues,
  { provider, lookUp, refusedClientId, clock, flights }: ResolverCall,
  notes: Notes,
  requests: Requests,
): Promise<RegisteredClient | undefined> {
  const redirectUri = lookUp?.redirectUri
  const note = ['client', provider, server.metadata.issuer]
  const known = (await notes.read(note)) as RegisteredClient | undefined
  const now = clock.now()

  const register = (uri: string) => {
    const work = async () => {
      const client = await registerClient(server, values, uri, requests)
      await notes.write(note, client)
      return client
    }
    return flights.join(`mcp client ${JSON.stringify(note)}`, uri, work, clock).result
  }

  if (!known) {
    // A server that has moved to another issuer then needs a new grant, as with any other client.
    const uri = redirectUri ?? server.redirectUri
    return uri === undefined ? undefined : register(uri)
  }
  const isRefused = refusedClientId === known.clientId
  if (redirectUri !== undefined) {
    const isExpired = known.secretExpiresAt > 0 && known.secretExpiresAt < now + EXPIRY_MARGIN_SECONDS
    return isRefused || isExpired || redirectUri !== known.redirectUri ? register(redirectUri) : known
  }
  if (!isRefused) return known
  const age = now - (known.refusedAt ?? -Infinity)
  if (age < CONFIRMED_SECONDS) return known
  if (age < RELATED_SECONDS) return register(known.redirectUri)
  await notes.write(note, { ...known, refusedAt: now })
  return known
}
