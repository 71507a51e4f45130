import { ConfigurationError } from '@evertoken/core'

/** The content of the file of a store. */
export interface FileContent {
  readonly records: Map<string, FileRecord>
  /** The keys of each term, with the time of their expiry. */
  readonly index: Map<string, Map<string, number>>
}

interface FileRecord {
  readonly record: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** If the clock of the machine is wrong by less than this, no record is lost. */
const KEEP_EXPIRED_SECONDS = 3 * 86_400
const VERSION = 1

/**
 * Parses the content of a file. A file that does not exist is empty.
 *
 * @throws {ConfigurationError} If it is another file. It must not be overwritten.
 */
export function parseContent(text: string | undefined, path: string): FileContent {
  if (text === undefined) return { records: new Map(), index: new Map() }
  try {
    const { version, records, index } = JSON.parse(text) as {
      readonly version: unknown
      readonly records: [string, FileRecord][]
      readonly index: [string, [string, number][]][]
    }
    if (version !== VERSION) throw new Error('Another version')
    return {
      records: new Map(records),
      index: new Map(index.map(([term, keys]) => [term, new Map(keys)])),
    }
  } catch {
    const message = `\`${path}\` is not a file of this version of \`createFileStore()\`. Use another path, or delete the file and connect the accounts again.`
    throw new ConfigurationError('invalid_option', message)
  }
}

export function serializeContent({ records, index }: FileContent): string {
  const terms = [...index].map(([term, keys]) => [term, [...keys]])
  return JSON.stringify({ version: VERSION, records: [...records], index: terms })
}

/** Removes what has expired long ago. */
export function removeOutdated({ records, index }: FileContent, now: number): void {
  const limit = now - KEEP_EXPIRED_SECONDS
  for (const [key, { expiresAt }] of records) if (expiresAt <= limit) records.delete(key)
  for (const [term, keys] of index) {
    for (const [key, expiresAt] of keys) if (expiresAt <= limit) keys.delete(key)
    if (keys.size === 0) index.delete(term)
  }
}
