/** The ID of a session with the name of its registration, for jobs that must find both. */
export interface NamedId {
  readonly key: string
  readonly name: string
}

/** Joins both. The key of a session has no dot. */
export function joinNamedId({ key, name }: NamedId): string {
  return `${key}.${encodeURIComponent(name)}`
}

/** Returns both parts, or `undefined` if the ID is of no registration. */
export function splitNamedId(id: unknown): NamedId | undefined {
  const [, key, encoded] = /^([^.]*)\.(.+)$/s.exec(String(id)) ?? []
  if (key === undefined || encoded === undefined) return undefined
  try {
    return { key, name: decodeURIComponent(encoded) }
  } catch {
    return undefined
  }
}

/** The longest name of a registration, in characters. A host name has at most 253. */
const MAX_NAME_LENGTH = 255

/** Whether a value can be the name of a registration. Lone surrogates have no encoding. */
export function isRegistrationName(value: unknown): value is string {
  return (
    typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH && !/\p{Cs}/u.test(value)
  )
}
