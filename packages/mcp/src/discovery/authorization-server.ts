import { type Document, type Requests, textsOf } from './documents.ts'
import { type CheckUrl, wrongServer } from './safe-urls.ts'

/** The metadata of an authorization server (RFC 8414 §2), with the members that Evertoken uses. */
export interface AuthorizationServerMetadata extends Document {
  readonly issuer: string
  /** `undefined` only for services. */
  readonly authorization_endpoint?: string
  readonly token_endpoint: string
}

const URLS = [
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
] as const
const LISTS = [
  'scopes_supported',
  'code_challenge_methods_supported',
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg_values_supported',
  'dpop_signing_alg_values_supported',
] as const
const FLAGS = [
  'authorization_response_iss_parameter_supported',
  'client_id_metadata_document_supported',
  'require_pushed_authorization_requests',
] as const

/** The members that the metadata must contain. */
interface MetadataRules {
  /** Whether the issuer that the metadata names is the expected one. */
  readonly isIssuer?: ((named: string) => boolean) | undefined
  /** Whether users sign in. Services need no authorization endpoint and no PKCE. */
  readonly isForUsers: boolean
}

/** @throws {ConfigurationError} If the issuer or an endpoint cannot be used. */
export function checkEndpoints(metadata: AuthorizationServerMetadata, checkUrl: CheckUrl): void {
  for (const name of ['issuer', ...URLS])
    if (metadata[name] !== undefined) checkUrl(metadata[name], `\`${name}\``)
}

/** The members of a list that are used. Stored metadata must stay small. */
const MAX_MEMBERS = 200
const MAX_MEMBER_CHARACTERS = 256

/**
 * Fetches the metadata of an authorization server, and checks it.
 *
 * @param server - The URL of the MCP server, for messages.
 * @returns `undefined` if the authorization server publishes none.
 * @throws {ConfigurationError} If it names another issuer, an address that cannot be used, or no PKCE with S256 for users.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-3 RFC 8414, section 3: Obtaining Authorization Server Metadata}
 */
export async function findServerMetadata(
  issuer: string,
  server: URL,
  { get, checkUrl }: Requests,
  { isIssuer = (named) => named === issuer, isForUsers }: MetadataRules,
): Promise<AuthorizationServerMetadata | undefined> {
  for (const url of metadataUrls(issuer)) {
    const document = await get(url, 'authorization server')
    if (!document) continue
    if (typeof document['issuer'] !== 'string' || !isIssuer(document['issuer']))
      throw wrongServer(server, 'the metadata of its authorization server names another `issuer`')
    const metadata: Record<string, unknown> = { issuer: document['issuer'] }
    for (const name of LISTS) if (document[name] != null) metadata[name] = shortTextsOf(document[name])
    for (const name of FLAGS) if (typeof document[name] === 'boolean') metadata[name] = document[name]
    for (const name of URLS)
      if (document[name] != null) {
        checkUrl(document[name], `\`${name}\``)
        metadata[name] = document[name]
      }
    for (const name of [...(isForUsers ? ['authorization_endpoint'] : []), 'token_endpoint'])
      if (metadata[name] === undefined)
        throw wrongServer(server, `its authorization server has no \`${name}\``)
    if (isForUsers && !textsOf(metadata['code_challenge_methods_supported']).includes('S256'))
      throw wrongServer(server, 'its authorization server does not list the PKCE method S256')
    return metadata as AuthorizationServerMetadata
  }
  return undefined
}

function shortTextsOf(value: unknown): readonly string[] {
  const texts = textsOf(value).filter(({ length }) => length <= MAX_MEMBER_CHARACTERS)
  return texts.slice(0, MAX_MEMBERS)
}

/** The order is that of the MCP specification. With a path, no URL at the root is tried, because it is of another issuer. */
function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const [rfc8414, openid] = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']
  const urls = [`${origin}${rfc8414}${path}`, `${origin}${openid}${path}`]
  return path === '' ? urls : [...urls, `${origin}${path}${openid}`]
}
