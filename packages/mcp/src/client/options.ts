import type { ClientAuthentication, ClientSecret, SenderConstraint } from '@evertoken/core'
import {
  checkAll,
  type Checked,
  hook,
  invalid,
  must,
  type OptionTable,
  parseUrl,
  text,
} from '@evertoken/core/adapter'

/** A client that you have registered yourself. It is used only at this authorization server. */
export interface McpRegistration {
  /** The issuer identifier of the authorization server. */
  readonly issuer: string
  /** The ID of your client there. */
  readonly clientId: string
  /** Its secret, or a function that returns it. */
  readonly clientSecret?: ClientSecret
  /**
   * How it authenticates.
   *
   * @default The method that the metadata of the server lists. Without a secret, `none`.
   */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post' | 'none' | ClientAuthentication
}

/** The client that signs users in at the authorization servers of MCP servers. */
export interface McpClientOptions {
  /** The name that users see when they consent. */
  readonly clientName: string
  /**
   * The URL of the client metadata document. It is the client ID at servers that support such documents. With
   * `mcpServers()`, the server must also send `iss` in its responses (RFC 9207). The routes of your connections serve the document
   * if the URL is in your application.
   *
   * @default none, so that Evertoken registers a client at each authorization server
   * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document Client ID Metadata Document}
   */
  readonly clientMetadataUrl?: string
  /** A page about your application, for users who are asked to consent. */
  readonly clientUri?: string
  /** The logo that users see when they consent. */
  readonly logoUri?: string
  /**
   * How the client of the metadata document authenticates: `privateKeyJwt(key)` of `@evertoken/core/credentials`. Set `jwks` too.
   *
   * @default none, so that the client is public
   */
  readonly clientAuthentication?: ClientAuthentication
  /** The public keys for `clientAuthentication`, which the document contains (RFC 7517 §5). */
  readonly jwks?: { readonly keys: readonly JsonWebKey[] }
  /**
   * Binds tokens to a key, if the authorization server supports it: `dpop()` of `@evertoken/core/dpop`. Such tokens need
   * `mcpFetch()`.
   *
   * @default none
   */
  readonly senderConstraint?: SenderConstraint
  /**
   * The scope that owners grant, separated by spaces.
   *
   * @default the scope that the MCP server asks for
   */
  readonly scope?: string
  /** Clients that you have registered yourself. Evertoken prefers them to other clients of their issuer. */
  readonly registrations?: readonly McpRegistration[]
}

/** The options of `mcpServers()`. */
export interface McpServersOptions extends McpClientOptions {
  /**
   * Whether a server can be used. Evertoken calls it for the URL of the MCP server and for each URL that its documents name. It
   * refuses private addresses and plain http in any case.
   *
   * @default all public servers
   * @example
   *   const allow = ({ hostname }: URL) => hostname.endsWith('.example.com')
   */
  readonly allow?: (url: URL) => boolean
}

export type McpValues = Checked<
  McpServersOptions,
  Exclude<keyof McpServersOptions, 'clientName' | 'registrations'>
>

const isDocumentUrl = (value: unknown) => {
  const url = parseUrl(String(value))
  return url?.protocol === 'https:' && url.pathname !== '/' && url.href === value && !/[?#@]/.test(url.href)
}

const isRegistration = (value: Partial<McpRegistration> | null) =>
  typeof value?.clientId === 'string' && typeof value.issuer === 'string'

const OPTIONS: OptionTable<McpValues> = {
  clientName: [text, null as never],
  clientMetadataUrl: [must('be an https URL with a path, and without a query', isDocumentUrl)],
  clientUri: [text],
  logoUri: [text],
  clientAuthentication: [
    must('be a value of `@evertoken/core/credentials`', (value) => Object(value) === value),
  ],
  jwks: [must('be an object with `keys`', (value: { keys?: unknown } | null) => Array.isArray(value?.keys))],
  senderConstraint: [must('be `dpop()` of `@evertoken/core/dpop`', (value) => Object(value) === value)],
  scope: [text],
  registrations: [
    must(
      'be a list of clients, each with `issuer` and `clientId`',
      (value) => Array.isArray(value) && (value as unknown[]).every((each) => isRegistration(each as null)),
    ),
    [],
  ],
  allow: [hook],
}

/** @throws {ConfigurationError} If an option is missing, unknown or invalid. */
export function checkMcpOptions(options: McpServersOptions): McpValues {
  const values = checkAll<McpValues>(OPTIONS, options)
  const { clientAuthentication, jwks, clientMetadataUrl } = values
  const isPrivate = jwks?.keys.some((key) => 'd' in key || 'k' in key)
  if (isPrivate) throw invalid('jwks', 'must have only public keys, because anyone can read the document')
  if ((clientAuthentication === undefined) !== (jwks === undefined))
    throw invalid('jwks', 'is needed with `clientAuthentication`, and only then')
  if (jwks && clientMetadataUrl === undefined)
    throw invalid('clientMetadataUrl', 'is missing. The document at this URL contains the `jwks`')
  return values
}
