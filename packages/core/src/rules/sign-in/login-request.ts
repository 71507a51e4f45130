import { SPACED } from '../../model/token-parameters.ts'

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

const TEXT = /^[^\p{Cc}\p{Cs}]+$/u
const MAX_LENGTH = 512

/** The query parameters that every link can pass to the login route, and their formats. */
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
  const grammar = GRAMMAR.get(name) ?? (further.includes(name) ? TEXT : undefined)
  return value.length <= MAX_LENGTH && grammar?.test(value) === true
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
  for (const name of new Set([...GRAMMAR.keys(), ...further])) {
    const [value = '', second] = query.getAll(name)
    if (value === '' && second === undefined) continue
    if (second !== undefined || !isLoginParameter(name, value, further)) return name
    const merged = merge(name, configured.get(name), value)
    if (name === 'scope' && !further.includes(name) && merged !== configured.get(name)) return name
    parameters.set(name, merged)
  }
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
    case 'max_age':
      return String(Math.min(Number(configured), Number(wanted)))
    default:
      return wanted
  }
}
