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

export function checkSeconds(option: string, value: unknown): number {
  if (Number.isFinite(value) && (value as number) > 0) return value as number
  throw invalid(option, 'must be a positive number of seconds')
}

export function checkFunction<T>(option: string, value: T): T {
  if (typeof value === 'function') return value
  throw invalid(option, 'must be a function')
}

export function oneOf<const T>(allowed: readonly T[]): (option: string, value: unknown) => T {
  return (option, value) => {
    if (allowed.includes(value as T)) return value as T
    throw invalid(option, `must be one of ${allowed.map((each) => JSON.stringify(each)).join(', ')}`)
  }
}

/** What has all of these methods. */
export function having<T>(methods: readonly (keyof T & string)[]): (option: string, value: T) => T {
  return (option, value) => {
    const lacking = methods.find((name) => typeof value?.[name] !== 'function')
    if (lacking !== undefined) throw invalid(option, `lacks the method "${lacking}"`)
    return value
  }
}

export function optional<V, T>(
  check: (option: string, value: V) => T,
): (option: string, value: V | undefined) => T | undefined {
  return (option, value) => (value === undefined ? undefined : check(option, value))
}

/** @throws ConfigurationError when the request names what no token can be asked for with. */
export function checkTokenRequest(request: TokenRequest): void {
  const wrong = validateTokenRequest(request)
  if (wrong !== undefined) throw new ConfigurationError('invalid_option', wrong)
}

/** Options that are taken one by one. */
export interface Taking<Options> {
  /** @throws ConfigurationError when `check` does. */
  take<Name extends keyof Options & string, T>(
    name: Name,
    check: (option: string, value: Options[Name]) => T,
    fallback?: Options[Name],
  ): T
  /** What has not been taken. */
  readonly rest: object
}

/** @throws ConfigurationError when there are no options at all. */
export function createTaking<Options extends object>(options: Options): Taking<Options> {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError('invalid_option', 'Cannot do without options: pass an object')
  const rest: Partial<Options> = { ...options }
  return {
    rest,
    take(name, check, fallback) {
      delete rest[name]
      const value = options[name] === undefined ? fallback : options[name]
      return check(name, value as Options[typeof name])
    },
  }
}

/** @throws ConfigurationError when there is anything. */
export function checkNothingElse(rest: object, prefix = ''): void {
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw invalid(prefix + unknown, 'is not an option: check its spelling')
}
