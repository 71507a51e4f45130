import { isClaimsRequest, mergeClaimsRequests } from './claims-request.ts'
import type { AuthorizationDetail } from '../../vocabulary/index.ts'
import { SPACED, type TokenParameters } from '../../model/token-parameters.ts'

/** The parameters that a login adds to the configured authorization request. */
export interface LoginRequest {
  readonly parameters: URLSearchParams
  /** `prompt=none`: the authorization server responds without showing a page. */
  readonly silent: boolean
  /** Seconds. The ID token must prove it (OIDC Core §3.1.2.1). */
  readonly maxAge?: number
  /** Separated by spaces. The ID token must name one of them. */
  readonly acrValues?: string
}

/** The values of a login that the server side decides. A link cannot change them. */
export interface LoginOptions extends TokenParameters {
  /**
   * Further scope, separated by single spaces. It is added to the configured scope, so that the session keeps its refresh
   * token.
   */
  readonly scope?: string
  /** The resource servers of the tokens (RFC 8707). They replace the configured ones. */
  readonly resource?: string | readonly string[]
  /** Further parameters of the authorization request, such as `audience`. They replace the configured ones. */
  readonly parameters?: Readonly<Record<string, string>>
  /**
   * Where the browser goes after the sign-in: a path, or a URL of this application.
   *
   * @default the home page of the application
   */
  readonly returnTo?: string | undefined
  /**
   * The name of the registration to sign in with, if the application has several.
   *
   * @default that of the session
   */
  readonly registration?: string | undefined
  /** What the authorization server shows. `none`: no page. `login`: the user must authenticate again. */
  readonly prompt?: 'login' | 'consent' | 'none' | 'select_account' | 'create' | undefined
  /** The user name or email address that the authorization server suggests. */
  readonly loginHint?: string | undefined
  /**
   * Permissions with details, such as one payment. They replace the configured ones. If the server does not grant each type, the
   * sign-in fails, and an existing session is kept.
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc9396#section-3 RFC 9396, section 3: Authorization Request}
   */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  /** Accepted ways to authenticate, separated by spaces. A sign-in in another way is refused. */
  readonly acrValues?: string | undefined
  /** Maximum time since the user authenticated, in seconds. A sign-in that is older is refused. */
  readonly maxAge?: number | undefined
}

/** The parameter of the authorization request for each option. */
export const LOGIN_PARAMETERS: Readonly<Record<'prompt' | 'loginHint' | 'acrValues' | 'maxAge', string>> = {
  prompt: 'prompt',
  loginHint: 'login_hint',
  acrValues: 'acr_values',
  maxAge: 'max_age',
}

const TEXT = /^[^\p{Cc}\p{Cs}]+$/u
const MAX_LENGTH = 512

/** The query parameters, in addition to `claims`, that every link can pass to the login route, and their formats. */
const GRAMMAR: ReadonlyMap<string, RegExp> = new Map([
  // OIDC Core §3.1.2.1: `none` cannot be combined with other values.
  ['prompt', /^(?:none|(?:(?:login|consent|select_account|create)(?: (?!$)|$))+)$/],
  ['login_hint', TEXT],
  ['acr_values', SPACED],
  ['max_age', /^\d{1,8}$/],
  ['ui_locales', /^[\w-]+(?: [\w-]+)*$/],
  ['scope', SPACED],
])

/** Whether the query of the login route can contain a parameter. */
export function isLoginParameter(name: string, value: string, further: readonly string[] = []): boolean {
  if (name === 'claims') return isClaimsRequest(value)
  const grammar = GRAMMAR.get(name) ?? (further.includes(name) ? TEXT : undefined)
  return value.length <= MAX_LENGTH && grammar?.test(value) === true
}

/** Whether the ID token must prove a parameter, so that Evertoken itself reads its value. */
export function isProvenParameter(name: string): boolean {
  return name === 'max_age' || name === 'acr_values'
}

/**
 * Adds the query of the login route to the configured parameters. Returns the name of a refused parameter as a string.
 *
 * Anyone can make a link, so a link can only ask for more than is configured. It can add `scope` only if `further`
 * contains it, because the access token is sent to all APIs. Parameters that are neither known nor in `further` are
 * ignored.
 */
export function readLoginRequest(
  query: URLSearchParams,
  configured: URLSearchParams,
  further: readonly string[],
): LoginRequest | string {
  const parameters = new URLSearchParams(configured)
  for (const name of new Set(['claims', ...GRAMMAR.keys(), ...further])) {
    const [value = '', second] = query.getAll(name)
    if (value === '' && second === undefined) continue
    if (second !== undefined || !isLoginParameter(name, value, further)) return name
    const merged = merge(name, configured.get(name), value)
    if (name === 'scope' && !further.includes(name) && merged !== configured.get(name)) return name
    parameters.set(name, merged)
  }
  return toLoginRequest(parameters)
}

/** Adds the values that the application decides to the configured parameters. Unlike a link, it can replace them. */
export function createLoginRequest(options: LoginOptions, configured: URLSearchParams): LoginRequest {
  const parameters = new URLSearchParams(configured)
  for (const [name, value] of Object.entries(options.parameters ?? {})) parameters.set(name, value)
  for (const [option, name] of Object.entries(LOGIN_PARAMETERS)) {
    const value = options[option as keyof typeof LOGIN_PARAMETERS]
    if (value !== undefined) parameters.set(name, String(value))
  }
  const { scope, resource, authorizationDetails: details } = options
  if (details !== undefined) parameters.set('authorization_details', JSON.stringify(details))
  if (scope !== undefined) parameters.set('scope', merge('scope', configured.get('scope'), scope))
  if (resource !== undefined) parameters.delete('resource')
  for (const uri of [resource ?? []].flat()) parameters.append('resource', uri)
  return toLoginRequest(parameters)
}

function toLoginRequest(parameters: URLSearchParams): LoginRequest {
  const maxAge = parameters.get('max_age')
  const acrValues = parameters.get('acr_values')
  return {
    parameters,
    silent: parameters.get('prompt') === 'none',
    ...(maxAge !== null && { maxAge: Number(maxAge) }),
    ...(acrValues !== null && { acrValues }),
  }
}

/** Returns the configured values of a parameter together with the values that a link adds. */
function merge(name: string, configured: string | null, wanted: string): string {
  if (configured === null) return wanted
  const union = new Set([...configured.split(' '), ...wanted.split(' ')])
  switch (name) {
    case 'prompt':
      // A silent login would skip the page that the other value requests.
      if (union.size > 1) union.delete('none')
      return [...union].join(' ')
    case 'scope':
      return [...union].join(' ')
    case 'acr_values':
      return configured
    case 'claims':
      return mergeClaimsRequests(configured, wanted)
    case 'max_age':
      return String(Math.min(Number(configured), Number(wanted)))
    default:
      return wanted
  }
}

/** The configured scope of sign-ins. */
export interface SignInScope {
  /** The types of `authorization_details` that each sign-in requests. */
  readonly detailTypes?: readonly string[]
  readonly scope: string
  /** Whether neither the application nor the profile has set it, so that `supportedScope` applies. */
  readonly isDefaultScope: boolean
}

/** The scope of a sign-in if neither the application nor the profile of the server sets one. */
export const DEFAULT_SCOPE = 'openid offline_access'

/**
 * Returns the scope to ask for. Servers that do not know `offline_access` refuse the whole sign-in.
 *
 * @param scope - The scope of the login. A login can ask for another scope than the default.
 * @param supported - The scopes in the metadata of the server.
 */
export function supportedScope(scope: string, supported: unknown): string {
  const isUnsupported = Array.isArray(supported) && !supported.includes('offline_access')
  return scope === DEFAULT_SCOPE && isUnsupported ? 'openid' : scope
}
