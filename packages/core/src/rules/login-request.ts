import { SPACED } from './token-key.ts'

/** What a login asks of the authorization server beside what is configured. */
export interface LoginRequest {
  readonly parameters: URLSearchParams
  /** `prompt=none`: the answer comes without a page, whatever it is. */
  readonly silent: boolean
  /** Seconds; the ID token has to prove it (OIDC Core §3.1.2.1). */
  readonly maxAge?: number
}

const TEXT = /^[^\p{Cc}\p{Cs}]+$/u
const MAX_LENGTH = 512

/** The query parameters that everybody may pass to the login route, and what each of them may look like. */
const GRAMMAR: ReadonlyMap<string, RegExp> = new Map([
  // OIDC Core §3.1.2.1: `none` stands alone.
  ['prompt', /^(?:none|(?:(?:login|consent|select_account|create)(?: (?!$)|$))+)$/],
  ['login_hint', TEXT],
  ['acr_values', SPACED],
  ['max_age', /^\d{1,8}$/],
  ['ui_locales', /^[\w-]+(?: [\w-]+)*$/],
  ['scope', SPACED],
])

/** Whether a parameter may stand in the query of the login route. */
export function isLoginParameter(name: string, value: string, further: readonly string[] = []): boolean {
  const grammar = GRAMMAR.get(name) ?? (further.includes(name) ? TEXT : undefined)
  return value.length <= MAX_LENGTH && grammar?.test(value) === true
}

/**
 * Lays the query of the login route over the configured parameters; a string names the parameter that is refused.
 * `scope` is added to the configured one, what is neither known nor in `further` is ignored.
 */
export function readLoginRequest(
  query: URLSearchParams,
  configured: URLSearchParams,
  further: readonly string[],
): LoginRequest | string {
  const parameters = new URLSearchParams(configured)
  for (const name of [...GRAMMAR.keys(), ...further]) {
    const [value = '', second] = query.getAll(name)
    if (value === '' && second === undefined) continue
    if (second !== undefined || !isLoginParameter(name, value, further)) return name
    parameters.set(name, laidOver(name, configured.get(name), value))
  }
  const maxAge = parameters.get('max_age')
  return {
    parameters,
    silent: parameters.get('prompt') === 'none',
    ...(maxAge !== null && { maxAge: Number(maxAge) }),
  }
}

/** A link may ask for more than is configured, not for less: `scope` is added, `max_age` only lowered. */
function laidOver(name: string, configured: string | null, wanted: string): string {
  if (configured === null) return wanted
  if (name === 'scope') return [...new Set(`${configured} ${wanted}`.split(' '))].join(' ')
  if (name === 'max_age') return String(Math.min(Number(configured), Number(wanted)))
  return wanted
}
