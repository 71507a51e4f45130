import type { ConfigurationError } from '../../vocabulary/index.ts'
import { invalid, nameAdvice, text } from '../checks.ts'
import type { ConnectionProviders } from './provider-options.ts'

/** The parts of a name such as `google:work`. */
export interface NameParts {
  readonly provider: string
  /** The part after the first colon, if there is one. */
  readonly label: string | undefined
}

export function splitName(name: string): NameParts {
  const at = name.indexOf(':')
  return at < 0
    ? { provider: name, label: undefined }
    : { provider: name.slice(0, at), label: name.slice(at + 1) }
}

/**
 * Checks an owner. Otherwise, a variable that is not set would give all visitors the same connection.
 *
 * @param option - The option or the argument, for the message.
 * @throws {ConfigurationError} If it is not a string, is empty or too long, or has half of a character.
 */
export function checkOwner(owner: unknown, option = 'owner'): string {
  const problem = text(owner) ?? (isText(owner as string) ? undefined : `must be ${TEXT}`)
  if (problem !== undefined) throw invalid(option, problem)
  return owner as string
}

/** @throws {ConfigurationError} If the provider does not exist, or the label is invalid. */
export function checkName(name: unknown, providers: ConnectionProviders): NameParts {
  const { provider, label } = splitName(typeof name === 'string' ? name : '')
  if (!Object.hasOwn(providers, provider)) throw unknownProvider(provider, Object.keys(providers))
  if (!isLabel(label)) throw invalid('name', `must have no colon, or a label that is ${TEXT}`)
  return { provider, label }
}

/** Whether a connection can have this label. `undefined`: it has none. */
export function isLabel(label: string | undefined): boolean {
  return label === undefined || (label !== '' && isText(label))
}

/** Longer IDs are a mistake, such as a whole object as JSON. */
const MAX_CHARACTERS = 1024
const TEXT = `well-formed Unicode of at most ${MAX_CHARACTERS} characters`

/** Half of a character, as a cut text can have, cannot be part of a URL. */
function isText(value: string): boolean {
  return value.length <= MAX_CHARACTERS && !/\p{Surrogate}/u.test(value)
}

function unknownProvider(provider: string, known: readonly string[]): ConfigurationError {
  const advice = nameAdvice(provider, known, '')
  return invalid('name', `must begin with the name of a provider in \`providers\`. ${advice}`.trim())
}
