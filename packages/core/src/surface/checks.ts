import { parsePrefix } from '../rules/allowed-urls.ts'
import { type TokenRequest, validateTokenRequest } from '../rules/token-key.ts'
import { ConfigurationError } from '../vocabulary/index.ts'

export function invalid(option: string, problem: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `Option "${option}" ${problem}`)
}

const NOT_A_PREFIX = {
  not_absolute: 'must be an absolute URL',
  credentials: 'must not hold a user name or password: remove them',
  insecure: 'must use https (http is allowed on loopback only)',
  query: 'must not have a query or fragment',
} as const

/** @throws ConfigurationError unless it is an https URL, or http on loopback, without credentials, query and fragment. */
export function checkUrl(option: string, url: unknown): URL {
  const text = checkText(option, url)
  const prefix = parsePrefix(text)
  if (typeof prefix === 'string') throw invalid(option, NOT_A_PREFIX[prefix])
  return new URL(text)
}

export function checkText(option: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw invalid(option, 'is missing: set it to a string')
  return value
}

export function oneOf<T>(option: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw invalid(option, `must be one of ${allowed.map((each) => JSON.stringify(each)).join(', ')}`)
}

export function checkSeconds(option: string, seconds: number): number {
  if (!Number.isFinite(seconds) || seconds <= 0) throw invalid(option, 'must be a positive number of seconds')
  return seconds
}

/** @throws ConfigurationError when something is there that is not a function. */
export function checkFunctions(functions: Readonly<Record<string, unknown>>): void {
  for (const [option, value] of Object.entries(functions)) {
    if (value !== undefined && typeof value !== 'function') throw invalid(option, 'must be a function')
  }
}

/** @throws ConfigurationError when something is there that lacks one of the methods. */
export function checkMethods<T extends object>(
  option: string,
  value: T | undefined,
  methods: readonly (keyof T & string)[],
): void {
  const lacking = value !== undefined && methods.find((name) => typeof value?.[name] !== 'function')
  if (lacking) throw invalid(option, `lacks the method "${lacking}"`)
}

/** @throws ConfigurationError when the request names what no token can be asked for with. */
export function checkTokenRequest(request: TokenRequest): void {
  const wrong = validateTokenRequest(request)
  if (wrong !== undefined) throw new ConfigurationError('invalid_option', wrong)
}

/** @param rest - What no option was found in. */
export function checkNothingElse(rest: object, prefix = ''): void {
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw invalid(prefix + unknown, 'is not an option: check its spelling')
}
