import { parsePrefix } from '../rules/calls/allowed-urls.ts'
import { nearestNames } from '../rules/nearest-name.ts'
import { ConfigurationError } from '../vocabulary/index.ts'

/**
 * Returns the fault of a value, as the continuation of the option's name. Returns `undefined` if the value is valid.
 *
 * @param insecureHosts - The hosts that can use plain http, in addition to loopback.
 */
export type Check = (value: unknown, insecureHosts?: readonly string[]) => string | undefined

/** Options after the check. All have a value, except those of `Bare`, which have no default. */
export type Checked<Options, Bare extends keyof Options> = {
  readonly [Name in Exclude<keyof Options, Bare>]-?: Exclude<Options[Name], undefined>
} & { readonly [Name in Extract<Bare, string>]: Options[Name] | undefined }

/** The check and the default of each option. */
export type OptionTable<Values> = {
  readonly [Name in keyof Values]-?: undefined extends Values[Name]
    ? readonly [Check]
    : readonly [Check, Values[Name]]
}

/** Marks a required option, in place of its default. No check accepts this value. */
export const REQUIRED: never = null as never

/**
 * Checks all options and adds the defaults.
 *
 * An option that is present but undefined is refused. Usually, its value comes from an environment variable that is
 * not set, and the default could be less secure.
 *
 * @throws {ConfigurationError} If an option is missing, unknown or invalid. The message names the option, below
 * `prefix`.
 * @param profile - The names of the members of the option `server`. If there are any, `issuer` or `server` is required.
 * @param insecureHosts - The hosts that can use plain http. Default: the option of this name.
 * @example
 *   const { name } = checkAll<{ readonly name: string }>({ name: [text, 'default'] }, { name: 'agent' })
 */
export function checkAll<Values>(
  table: OptionTable<Values>,
  options: object,
  prefix = '',
  profile: readonly string[] = [],
  insecureHosts?: readonly string[],
): Values {
  if (typeof options !== 'object' || options === null) throw noOptions(prefix)
  const given = options as Readonly<Record<string, unknown>>
  const entries = Object.entries<readonly [Check, unknown?]>(table)
  checkNames(options, Object.keys(table), prefix, profile)
  const isServerMissing = profile.length > 0 && given['issuer'] === undefined && given['server'] === undefined
  const missing = isServerMissing ? ['issuer'] : []
  for (const [name, [, fallback]] of entries) {
    const isRequired = fallback === REQUIRED || (isServerMissing && /^(?:issuer|server)$/.test(name))
    const rule = isRequired ? 'It is required' : 'For the default, omit it'
    if (name in given && given[name] === undefined)
      throw invalid(prefix + name, `is undefined. ${rule}. Check its environment variable`)
    if (fallback === REQUIRED && !(name in given)) missing.push(name)
  }
  checkMissing(missing, prefix)
  const hosts = insecureHosts ?? hostsOf(given['insecureHosts'])
  const values: Record<string, unknown> = {}
  for (const [name, [check, fallback]] of entries) {
    const value = name in given ? given[name] : fallback
    const problem = value === undefined ? undefined : check(value, hosts)
    if (problem !== undefined) throw invalid(prefix + name, problem)
    values[name] = value
  }
  return values as Values
}

/** @throws {ConfigurationError} If a member of the options has none of these names. */
export function checkNames(
  options: object,
  known: readonly string[],
  prefix: string,
  profile: readonly string[] = [],
): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw unknownOption(unknown, [...known, ...profile], prefix)
}

/** The message names all options that are missing, so that the next one is not found only after another start. */
function checkMissing(missing: readonly string[], prefix: string): void {
  const names = missing.map((name) => `\`${prefix}${name}\``)
  if (names.length === 1) throw invalid(prefix + missing.join(''), 'is missing')
  if (names.length > 1)
    throw new ConfigurationError('invalid_option', `Options ${names.join(', ')} are missing.`)
}

export function noOptions(prefix: string): ConfigurationError {
  const ofOption = prefix === '' ? '' : ` of \`${prefix.slice(0, -1)}\``
  return new ConfigurationError('invalid_option', `The options${ofOption} are missing. Pass an object.`)
}

/**
 * Creates the error for an invalid option.
 *
 * @param problem - What is wrong with it, and how to correct it. It must not contain a secret.
 * @example
 *   throw invalid('clientName', 'is missing')
 */
export function invalid(option: string, problem: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `Option \`${option}\` ${problem.replace(/\.?$/, '.')}`)
}

/** The message names the nearest options, because most unknown options are misspelt or renamed. */
function unknownOption(name: string, known: readonly string[], prefix: string): ConfigurationError {
  const advice = nameAdvice(name, known, 'Remove it, or check its spelling.')
  return new ConfigurationError('invalid_option', `Unknown option \`${prefix}${name}\`. ${advice}`)
}

/** Returns the advice to use the nearest names. Returns `otherwise` if none is near. */
export function nameAdvice(name: string, known: readonly string[], otherwise: string): string {
  const nearest = nearestNames(name, known).map((each) => `\`${each}\``)
  return nearest.length === 0 ? otherwise : `Did you mean ${nearest.join(' or ')}?`
}

/**
 * Creates a check with a condition.
 *
 * @param what - The condition, as the rest of a sentence.
 * @param fits - Whether a value meets it.
 * @example
 *   const isPort = must('be a port', (value) => Number.isInteger(value))
 */
export function must(what: string, fits: (value: never) => boolean): Check {
  return (value) => (fits(value as never) ? undefined : `must ${what}`)
}

export function mustMatch(what: string, pattern: RegExp): Check {
  return must(what, (value) => typeof value === 'string' && pattern.test(value))
}

export function mustHave(...methods: readonly string[]): Check {
  return must(`have the methods ${methods.join(', ')}`, (value: Record<string, unknown> | null) =>
    methods.every((name) => typeof value?.[name] === 'function'),
  )
}

export function oneOf(...allowed: readonly unknown[]): Check {
  const shown = allowed.map((each) => (typeof each === 'string' ? `'${each}'` : String(each)))
  return must(`be ${shown.join(' or ')}`, (value) => allowed.includes(value))
}

export function listOf(check: Check): Check {
  return (values, insecureHosts) =>
    Array.isArray(values)
      ? values.map((value) => check(value, insecureHosts)).find(Boolean)
      : 'must be a list'
}

/**
 * Checks that a value is a string, and not empty.
 */
export const text: Check = /* @__PURE__ */ mustMatch('be a string, and not empty', /./s)

/** A path of this application, in the spelling that browsers send. */
export const path: Check = (value) =>
  typeof value === 'string' && /^(?!\/\/|.*\/\.\.?(?:\/|$))\/[\w\-./~]*$/.test(value)
    ? undefined
    : 'must be a path that starts with one `/`, without dot segments'

const NOT_A_PREFIX = {
  not_absolute: 'must be an absolute URL',
  credentials: 'must have no user name or password',
  insecure: 'must use https. Http is allowed on loopback and for `insecureHosts`',
  query: 'must have no query or fragment',
} as const

/** A host as `URL.hostname` spells it. */
export const hostNames: Check = /* @__PURE__ */ listOf(
  /* @__PURE__ */ mustMatch(
    'be host names in lower case, without scheme and port',
    /^(?:[a-z\d_.-]+|\[[\da-f:]+\])$/,
  ),
)

/** The option itself is checked too. */
function hostsOf(option: unknown): readonly string[] {
  return Array.isArray(option) ? (option as string[]) : []
}

export const url: Check = (value, insecureHosts) => {
  const prefix = typeof value === 'string' ? parsePrefix(value, insecureHosts) : 'not_absolute'
  return typeof prefix === 'string' ? NOT_A_PREFIX[prefix] : undefined
}

export const seconds: Check = /* @__PURE__ */ must('be a positive number of seconds', isPositive)

export function secondsUpTo(max: number): Check {
  return must(
    `be a number of seconds above 0 and at most ${max}`,
    (value) => isPositive(value) && value <= max,
  )
}

/** Checks that a value is a function. */
export const hook: Check = /* @__PURE__ */ must('be a function', (value) => typeof value === 'function')

export const flag: Check = /* @__PURE__ */ oneOf(true, false)

export function isPositive(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) > 0
}

export const abortSignal: Check = /* @__PURE__ */ must(
  'be an `AbortSignal`',
  (signal: Partial<AbortSignal> | null) => typeof signal?.throwIfAborted === 'function',
)
