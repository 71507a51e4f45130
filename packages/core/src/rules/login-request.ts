/** What a login asks of the authorization server beside what is configured. */
export interface LoginRequest {
  readonly parameters: URLSearchParams
  /** `prompt=none`: the answer comes without a page, whatever it is. */
  readonly silent: boolean
  /** Seconds; the ID token has to prove it (OIDC Core §3.1.2.1). */
  readonly maxAge?: number
}

const PROMPTS = new Set(['none', 'login', 'consent', 'select_account', 'create'])
const TOKENS = /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/
const TEXT = /^[^\p{Cc}\p{Cs}]+$/u
const MAX_LENGTH = 512

/** The query parameters that everybody may pass to the login route, and what each of them may look like. */
const GRAMMAR: Readonly<Record<string, (value: string) => boolean>> = {
  prompt: isPrompt,
  login_hint: (value) => TEXT.test(value),
  acr_values: (value) => TOKENS.test(value),
  max_age: (value) => /^\d{1,8}$/.test(value),
  ui_locales: (value) => /^[\w-]+(?: [\w-]+)*$/.test(value),
  scope: (value) => TOKENS.test(value),
}

/** Whether a parameter may stand in the query of the login route. */
export function isLoginParameter(name: string, value: string, further: readonly string[] = []): boolean {
  const grammar = Object.hasOwn(GRAMMAR, name) ? GRAMMAR[name] : undefined
  if (value.length > MAX_LENGTH) return false
  return grammar ? grammar(value) : further.includes(name) && TEXT.test(value)
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
  for (const name of [...Object.keys(GRAMMAR), ...further]) {
    const [value, ...more] = query.getAll(name)
    if (!value && more.length === 0) continue
    if (value === undefined || more.length > 0 || !isLoginParameter(name, value, further)) return name
    parameters.set(name, laidOver(name, configured.get(name), value))
  }
  const maxAge = parameters.get('max_age')
  return {
    parameters,
    silent: parameters.get('prompt') === 'none',
    ...(maxAge !== null && { maxAge: Number(maxAge) }),
  }
}

/** OIDC Core §3.1.2.1: `none` stands alone. */
function isPrompt(value: string): boolean {
  const prompts = value.split(' ')
  return prompts.every((prompt) => PROMPTS.has(prompt)) && (prompts.length === 1 || !prompts.includes('none'))
}

/** A link may ask for more than is configured, not for less: `scope` is added, `max_age` only lowered. */
function laidOver(name: string, configured: string | null, wanted: string): string {
  if (name === 'scope') return joined(configured, wanted)
  if (name === 'max_age' && configured !== null) return String(Math.min(Number(configured), Number(wanted)))
  return wanted
}

function joined(configured: string | null, wanted: string): string {
  return [...new Set([...(configured ?? '').split(' '), ...wanted.split(' ')])].filter(Boolean).join(' ')
}
