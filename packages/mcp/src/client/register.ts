import { ConfigurationError } from '@evertoken/core'
import { isJsonObject } from '@evertoken/core/adapter'
import { isUnavailable, type Requests, unavailable } from '../discovery/documents.ts'
import type { McpServer } from '../discovery/find-server.ts'
import { createRegistrationRequest, isRegisteredMethod, type RegisteredMethod } from './metadata.ts'
import type { McpValues } from './options.ts'

/** A client that Evertoken has registered at an authorization server. */
export interface RegisteredClient {
  readonly clientId: string
  readonly clientSecret?: string
  readonly method?: RegisteredMethod
  /** When the secret expires, in seconds since the epoch. 0: never. */
  readonly secretExpiresAt: number
  /** When it was stored, in seconds since the epoch. */
  readonly storedAt: number
  /** When the server has refused the client first, in seconds since the epoch. */
  readonly refusedAt?: number
}

/** The client ID is part of the authorization URL, and both are stored. */
const MAX_CHARACTERS = 2048

/**
 * Registers a client dynamically (RFC 7591).
 *
 * @throws {ConfigurationError} If the server has no registration, or refuses it.
 * @throws {TryLaterError} If the server does not respond.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7591#section-3 RFC 7591, section 3: Client Registration Endpoint}
 */
export async function registerClient(
  { metadata, scope }: McpServer,
  values: McpValues,
  redirectUri: string,
  { http, checkUrl }: Requests,
): Promise<Omit<RegisteredClient, 'storedAt'>> {
  const endpoint = metadata['registration_endpoint']
  if (endpoint === undefined) throw cannotRegister(metadata.issuer, 'offers no registration')
  const { href } = checkUrl(endpoint, '`registration_endpoint`')
  const request = createRegistrationRequest(values, redirectUri, metadata, scope)
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  const response = await http(href, { method: 'POST', headers, body: JSON.stringify(request) }).catch(
    unavailable,
  )
  if (isUnavailable(response)) return unavailable({ status: response.status })
  const client: unknown = response.ok ? await response.json().catch(() => undefined) : undefined
  if (!isJsonObject(client) || typeof client['client_id'] !== 'string' || client['client_id'] === '')
    throw cannotRegister(metadata.issuer, `has refused the registration with status ${response.status}`)
  const secret = client['client_secret']
  if ([client['client_id'], secret].some((text) => typeof text === 'string' && text.length > MAX_CHARACTERS))
    throw cannotRegister(metadata.issuer, 'has issued a client ID or secret that is too long')
  const method = client['token_endpoint_auth_method'] ?? request['token_endpoint_auth_method']
  const expiresAt = Number(client['client_secret_expires_at'] ?? 0)
  return {
    clientId: client['client_id'],
    ...(typeof secret === 'string' && secret !== '' && { clientSecret: secret }),
    ...(isRegisteredMethod(method) && { method }),
    secretExpiresAt: Number.isFinite(expiresAt) ? expiresAt : 0,
  }
}

function cannotRegister(issuer: string, reason: string): ConfigurationError {
  const message =
    `Cannot register a client at ${issuer}, because it ${reason}. Register one there yourself, and add it to the option ` +
    '`registrations`.'
  return new ConfigurationError('client_rejected', message)
}
