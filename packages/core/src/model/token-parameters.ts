/**
 * The access token that a caller requests, if one refresh token can get several.
 *
 * Tokens are kept by the whole request, and their number is limited in a cookie. The empty request gets the token of the
 * sign-in. Not all servers support other requests with a refresh token.
 */
export interface TokenParameters {
  /**
   * The APIs that the token is for, as absolute URIs without a fragment. They must be among those of the sign-in.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc8707#section-2.2 RFC 8707, section 2.2: Access Token Request}
   */
  readonly resource?: string | readonly string[]
  /**
   * The API that the token is for, by the name that the authorization server has for it. Some servers use it in place of
   * `resource`.
   */
  readonly audience?: string
  /**
   * The scope of the token, separated by single spaces. A part of the granted scope. If the server grants less, the
   * call throws `scope_not_granted`.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
   */
  readonly scope?: string
  /** Further parameters of the token request. */
  readonly parameters?: Readonly<Record<string, string>>
}

/** Parameters that the library sets. */
const RESERVED =
  /^(?:grant_type|refresh_token|client_id|client_secret|client_assertion|client_assertion_type|scope|resource)$/
/** Values separated by single spaces, as in `scope` (RFC 6749 §3.3). */
export const SPACED: RegExp = /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/
const URI_CHARACTERS = /^[!-"$-~]+$/

/**
 * Returns the same string for two requests if, and only if, they request the same token. Empty for the empty request.
 */
export function tokenKey({ resource = [], scope = '', audience, parameters }: TokenParameters): string {
  const members = Object.entries({ ...parameters, ...(audience !== undefined && { audience }) })
  const resources = distinct([resource].flat())
  const scopes = distinct(scope.split(' ').filter(Boolean)).join(' ')
  const isPlain = resources.length + members.length === 0
  if (isPlain && scopes === '') return ''
  const others = isPlain ? '' : JSON.stringify([resources, members.toSorted(([a], [b]) => (a < b ? -1 : 1))])
  return `${scopes}\n${others}`
}

/**
 * Returns whether a token can be used for another request: it is for the same resource and parameters, and has all of the
 * requested scope.
 *
 * @param key - The token key of the request. Without a scope, the server decides about the scope.
 * @param heldKey - The token key of the token.
 * @param granted - The scope of the token, if the server has reported it.
 */
export function hasScopeOf(key: string, heldKey: string, granted: string | undefined): boolean {
  const [scope = '', others = ''] = key.split('\n')
  const [heldScope = '', heldOthers = ''] = heldKey.split('\n')
  const had = splitScope(granted ?? heldScope)
  return scope !== '' && others === heldOthers && scope.split(' ').every((each) => had.includes(each))
}

/**
 * Returns the token key of a token with less scope than its request: that of a request for the scope that it has.
 *
 * @param key - The token key of the request.
 * @param granted - The scope of the token. Without one, the token has the requested scope (RFC 6749 §5.1).
 * @returns `undefined` if the token has all of the requested scope, as far as Evertoken can know.
 */
export function narrowedKey(key: string, granted: string | undefined): string | undefined {
  const [scope = '', others = ''] = key.split('\n')
  if (granted === undefined || scope === '' || !exceedsGrant(scope, granted)) return undefined
  return `${distinct(splitScope(granted)).join(' ')}\n${others}`
}

/** Whether Evertoken sets a parameter of this name in requests with client authentication. */
export function isReservedParameter(name: string): boolean {
  return RESERVED.test(name)
}

/** Returns a sentence about the fault of a request, without its values. Returns `undefined` if the request is valid. */
export function validateTokenParameters(request: TokenParameters): string | undefined {
  if (!isObject(request)) return 'Use an object'
  const { resource = [], audience, scope = 'any', parameters = {} }: Untrusted = request
  if (![resource].flat().every(isAbsoluteUri)) return 'Use absolute URIs without a fragment as resource'
  if (audience !== undefined && (typeof audience !== 'string' || audience === ''))
    return 'Use a text that is not empty as audience'
  if (!isText(scope, SPACED)) return 'Use tokens separated by single spaces as scope'
  if (!isObject(parameters) || !Object.values(parameters).every((value) => typeof value === 'string'))
    return 'Use an object of strings as parameters'
  if (audience !== undefined && 'audience' in parameters) return "Remove 'audience' from parameters"
  const reserved = Object.keys(parameters).find(isReservedParameter)
  return reserved && `Remove '${reserved}' from parameters`
}

/**
 * Whether a scope is more than was granted (RFC 6749 §6). Some servers name scopes by URIs. They know some scopes by
 * several names, and grant some for one resource at a time, so only the server can decide about URIs.
 */
export function exceedsGrant(scope: string | undefined, granted: string | undefined): boolean {
  if (scope === undefined || granted === undefined || `${scope} ${granted}`.includes('://')) return false
  const had = splitScope(granted)
  return !splitScope(scope).every((each) => had.includes(each))
}

/** Splits a scope as servers write it: the values are separated by spaces (RFC 6749 §3.3) or commas. */
export function splitScope(scope: string): string[] {
  return scope.split(/[\s,]+/).filter(Boolean)
}

type Untrusted = { readonly [Name in keyof TokenParameters]: unknown }

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted()
}

function isAbsoluteUri(uri: unknown): boolean {
  return isText(uri, URI_CHARACTERS) && URL.canParse(uri)
}

function isText(value: unknown, grammar: RegExp): value is string {
  return typeof value === 'string' && grammar.test(value)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
