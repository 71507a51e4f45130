/** How users sign out at a server that differs from RP-Initiated Logout. */
export interface EndSessionRules {
  readonly url?: string | undefined
  readonly parameters?: Readonly<Record<string, string>>
  readonly postLogoutParameter?: string
  readonly idTokenHint?: boolean
}

/** Parameters of RP-Initiated Logout. Members without a value are omitted. */
export type EndSessionParameters = Readonly<Record<string, string | undefined>>

/** The longest URL that all servers and proxies accept, in characters. */
const MAX_URL_LENGTH = 2048

/**
 * Returns the URL at which a user signs out (RP-Initiated Logout §2).
 *
 * If the ID token makes it too long, a server would refuse it, and the user would stay signed in there. The URL then has
 * `logout_hint` in place of the token.
 */
export function endSessionUrl(
  endpoint: string,
  { id_token_hint, logout_hint, post_logout_redirect_uri, ...others }: EndSessionParameters,
  { parameters, postLogoutParameter = 'post_logout_redirect_uri', idTokenHint = true }: EndSessionRules = {},
): URL {
  const shared = { ...others, [postLogoutParameter]: post_logout_redirect_uri, ...parameters }
  if (!idTokenHint) return withQuery(endpoint, shared)
  const url = withQuery(endpoint, { id_token_hint, ...shared })
  return url.href.length <= MAX_URL_LENGTH ? url : withQuery(endpoint, { logout_hint, ...shared })
}

/** Returns an endpoint with these parameters. They replace parameters of the same name. Omits undefined values. */
export function withQuery(
  endpoint: URL | string,
  parameters: Readonly<Record<string, string | undefined>>,
): URL {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value)
  return url
}
