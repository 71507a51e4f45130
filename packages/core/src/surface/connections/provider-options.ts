import type { AuthorizationRequestMode } from '../../ports/authorization-mode.ts'
import { AUTHORIZATION_MODE_OPTIONS, type AuthorizationModeOptions } from '../authorization-modes.ts'
import type { UserClaims } from '../../model/token-grant.ts'
import { type Checked, checkAll, hook, invalid, type OptionTable } from '../checks.ts'
import {
  CLIENT_AUTHENTICATION_OPTIONS,
  type ClientAuthenticationOptions,
  withoutUnusedSecret,
} from '../client-authentication.ts'
import type { ServerChoice, ServerProfile } from '../server-profile.ts'
import { checkServer, PROFILE_NAMES } from '../server-profile-checks.ts'
import { checkSignInProfile, type SignInServerSettings } from '../sign-in-profile-checks.ts'
import { TOKEN_OPTIONS } from '../token-option-checks.ts'
import { TOKEN_PARAMETERS } from '../token-parameter-checks.ts'

/** An account that an owner has connected. */
export interface ConnectedAccount {
  /** The owner of the connection. */
  readonly owner: string
  /** The name of the connection, such as `google` or `google:work`. */
  readonly name: string
  /** The granted scope. `undefined` if the authorization server has not reported it. */
  readonly scope: string | undefined
  /** The account at the provider. */
  readonly claims: UserClaims
  /**
   * The members of the token response that are not tokens, such as `instance_url`. Those of some servers contain more tokens,
   * such as `authed_user` of Slack, so do not log them.
   */
  readonly tokenResponse: Readonly<Record<string, unknown>>
}

/** The options of a provider that do not select the authorization server. */
interface ProviderOptionMembers extends ClientAuthenticationOptions {
  /** The ID of your client at the authorization server. */
  readonly clientId: string
  /**
   * The scope that owners grant, separated by spaces.
   *
   * @default `defaultScope` of the server, which is `openid offline_access`
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-3.3 RFC 6749, section 3.3: Access Token Scope}
   */
  readonly scope?: string
  /**
   * The resource servers of the tokens, as absolute URIs without a fragment.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc8707#section-2 RFC 8707, section 2: Resource Parameter}
   */
  readonly resource?: string | readonly string[]
  /** Further parameters of the authorization request, such as `prompt`. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /**
   * How the authorization request is sent: `par()`, `jar(key)` or `par(jar(key))` of `@evertoken/core/authorization`.
   *
   * @default in the URL that the browser opens
   */
  readonly authorizationRequest?: AuthorizationRequestMode
  /**
   * How the authorization server sends its response. `jarm()` of `@evertoken/core/authorization` requires a signed response.
   *
   * `form_post` and `jarm('form_post.jwt')` keep the code out of URLs and logs. Frameworks that refuse forms of other sites must
   * allow the callback route.
   *
   * @default 'query'
   * @see {@link https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html Form Post Response Mode}
   */
  readonly responseMode?: AuthorizationModeOptions['responseMode']
  /**
   * Returns the owner of a grant, for installations whose token response names the owner, such as a workspace. Any browser can
   * then begin, because the authorization server decides for whom its user may give a grant. Not for a provider that is a function.
   *
   * @param tokenResponse - The members of the token response that are not tokens.
   * @example
   *   const ownerFrom = ({ team }: Record<string, unknown>) => (team as { id: string }).id // Slack
   */
  readonly ownerFrom?: (tokenResponse: Readonly<Record<string, unknown>>) => string
  /** Called after an owner has connected an account in the browser. Evertoken waits for it, and ignores its errors. */
  readonly onConnected?: (account: ConnectedAccount) => void | Promise<void>
  /**
   * The `fetch` for calls to the authorization server, such as one that presents a certificate.
   *
   * @default the `fetch` of the application
   */
  readonly fetch?: typeof globalThis.fetch
}

/** One client of one authorization server, where owners connect accounts. */
export type ConnectionProvider = ServerChoice & ProviderOptionMembers

/** The connection for which a provider is selected. */
export interface ConnectionContext {
  /** The owner of the connection. */
  readonly owner: string
  /** The part of the name after the colon, if there is one. */
  readonly label: string | undefined
}

/**
 * Returns the provider of a connection, if it is known only at run time: for each customer, or for each server. `undefined`: it is
 * not known before the owner connects. Evertoken calls it when an owner begins to connect, again after 5 minutes, and after the
 * server has refused the client.
 */
export type ConnectionProviderResolver = (
  context: ConnectionContext,
) => ConnectionProvider | undefined | Promise<ConnectionProvider | undefined>

/** The providers by their names. A name has letters, digits, `-`, `_` and `.`. */
export type ConnectionProviders = Readonly<Record<string, ConnectionProvider | ConnectionProviderResolver>>

/** A provider, such as `google`, or one of several accounts there, such as `google:work`. */
export type ConnectionName<Provider extends string> = Provider | `${Provider}:${string}`

/** The checked options of a provider. */
export type ProviderValues = Checked<
  ProviderOptionMembers & { readonly issuer?: string; readonly server?: ServerProfile },
  | 'issuer'
  | 'server'
  | 'scope'
  | 'fetch'
  | 'authorizationRequest'
  | 'ownerFrom'
  | 'onConnected'
  | keyof ClientAuthenticationOptions
> & { readonly profile: SignInServerSettings }

const PROVIDER_OPTIONS: OptionTable<Omit<ProviderValues, 'profile'>> = {
  ...CLIENT_AUTHENTICATION_OPTIONS,
  issuer: TOKEN_OPTIONS.issuer,
  server: TOKEN_OPTIONS.server,
  clientId: TOKEN_OPTIONS.clientId,
  scope: TOKEN_PARAMETERS.scope,
  resource: [...TOKEN_PARAMETERS.resource, []],
  authorizationParameters: [...TOKEN_PARAMETERS.parameters, {}],
  ...AUTHORIZATION_MODE_OPTIONS,
  ownerFrom: [hook],
  onConnected: [hook],
  fetch: [hook],
}

/**
 * Checks the options of one provider.
 *
 * @param name - Its name among the providers, for messages.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function checkProvider(
  name: string,
  provider: ConnectionProvider,
  insecureHosts: readonly string[],
): ProviderValues {
  const prefix = `providers.${name}.`
  const values = checkAll<Omit<ProviderValues, 'profile'>>(
    PROVIDER_OPTIONS,
    withoutUnusedSecret(provider),
    prefix,
    PROFILE_NAMES,
    insecureHosts,
  )
  const server = checkServer({ ...values, insecureHosts })
  return { ...values, profile: checkSignInProfile(server, insecureHosts) }
}

const PROVIDER_NAME = /^[\w.-]+$/

/** Checks the names of the providers, which are parts of paths and of connection names. */
export function checkProviderNames(providers: ConnectionProviders): void {
  const names = Object.keys(providers)
  if (names.length === 0) throw invalid('providers', 'must have at least one provider')
  const wrong = names.find((name) => !PROVIDER_NAME.test(name) || name === 'callback')
  if (wrong !== undefined)
    throw invalid(
      `providers.${wrong}`,
      'must have a name of letters, digits, "-", "_" and ".", and not "callback"',
    )
}
