/**
 * A session store in a file that several processes of one machine share, and a secret in a file.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { link, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigurationError, createSteadyClock, type Clock, type SessionStore } from '@evertoken/core'
import { withFileLock } from './file-lock.ts'
import { type FileContent, parseContent, removeOutdated, serializeContent } from './file-content.ts'
import {
  checkPrivate,
  prepareFolder,
  readPrivate,
  replacePrivate,
  syncFolder,
  writePrivate,
} from './private-files.ts'

export type { Clock, RecordHint, SessionIndex, SessionStore } from '@evertoken/core'

/** Options of `createFileStore`. */
export interface FileStoreOptions {
  /** The file on a local disk. It and its folder are created if they do not exist, and only for this user. */
  readonly path: string
  /**
   * The clock of this process.
   *
   * @default the clock of the system
   */
  readonly clock?: Pick<Clock, 'now' | 'elapsed'>
}

/** Options of `loadSecretFile`. */
export interface SecretFileOptions {
  /** The file. It and its folder are created if they do not exist, and only for this user. */
  readonly path: string
}

const MIN_SECRET_CHARACTERS = 32

/**
 * Creates a session store in a file, for command-line tools and desktop agents. Processes of one machine can share it.
 *
 * Each change writes the whole file to the disk, so use it for at most some hundreds of records. A process that dies in the middle
 * of a change leaves the previous file, and does not block others. A thread that is terminated in the middle of a change blocks them
 * until its process ends, and a restarted container might need you to delete the lock file that the error names.
 *
 * @param options - The path of the file.
 * @returns The store.
 * @throws {ConfigurationError} If other users can read the file or replace it.
 * @example
 *   import { createFileStore } from '@evertoken/node/file-store'
 *
 *   const store = createFileStore({ path: '/home/ada/.config/orders/tokens.json' })
 */
export function createFileStore({ path: given, clock }: FileStoreOptions): SessionStore {
  const path = checkPath(given)
  const now = createSteadyClock(clock)
  prepareFolder(path)
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats) checkPrivate(path, stats)

  const load = async () => parseContent(await readPrivate(path), path)
  const isCurrent = (entry: { readonly expiresAt: number } | undefined) =>
    entry !== undefined && entry.expiresAt > now()

  /** @param apply - Changes the content. Returns whether it must be stored. */
  function change(apply: (content: FileContent) => boolean): Promise<boolean> {
    return withFileLock(path, async () => {
      const content = await load()
      if (!apply(content)) return false
      removeOutdated(content, now())
      await replacePrivate(path, serializeContent(content))
      return true
    })
  }

  return {
    consistency: 'strong',
    async read(key) {
      const entry = (await load()).records.get(key)
      return isCurrent(entry) ? entry?.record : undefined
    },
    swap: (key, expected, record, expiresAt) =>
      change(({ records }) => {
        const entry = records.get(key)
        if ((isCurrent(entry) ? entry?.record : undefined) !== expected) return false
        records.set(key, { record, expiresAt })
        return true
      }),
    async remove(key) {
      await change(({ records }) => records.delete(key))
    },
    index: {
      async add(term, key, expiresAt) {
        await change(({ index }) => {
          const keys = index.get(term) ?? new Map<string, number>()
          if ((keys.get(key) ?? 0) >= expiresAt) return false
          index.set(term, keys.set(key, expiresAt))
          return true
        })
      },
      async keys(term) {
        const keys = (await load()).index.get(term) ?? []
        return [...keys].filter(([, expiresAt]) => isCurrent({ expiresAt })).map(([key]) => key)
      },
      async remove(term, key) {
        await change(({ index }) => index.get(term)?.delete(key) ?? false)
      },
    },
  }
}

/**
 * Returns the secret in a file, and creates the file with a random secret on first use.
 *
 * Any program of this user can read both the secret and the store. If your users need more, keep the secret in the keychain of
 * the operating system.
 *
 * @param options - The path of the file.
 * @returns A secret for the option `encryptionSecret`.
 * @throws {ConfigurationError} If other users can read the file or replace it, or it has no secret.
 * @example
 *   import { loadSecretFile } from '@evertoken/node/file-store'
 *
 *   const encryptionSecret = await loadSecretFile({ path: '/home/ada/.config/orders/secret' })
 */
export async function loadSecretFile({ path: given }: SecretFileOptions): Promise<string> {
  const path = checkPath(given)
  prepareFolder(path)
  const known = await readPrivate(path)
  if (known !== undefined) return checkSecret(known.trim(), path)
  const candidate = `${path}.${randomBytes(8).toString('hex')}`
  await writePrivate(candidate, `${randomBytes(32).toString('base64url')}\n`, 'wx')
  try {
    // If several processes start at the same time, all use the secret of the first one.
    await link(candidate, path).catch(unlessExists)
    await syncFolder(path)
  } finally {
    await rm(candidate, { force: true })
  }
  return checkSecret(((await readPrivate(path)) ?? '').trim(), path)
}

function unlessExists(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
}

/** A relative path would mean another file after the process has changed its folder. */
function checkPath(path: string): string {
  if (typeof path !== 'string' || path === '')
    throw new ConfigurationError('invalid_option', 'Option `path` must be the path of a file.')
  return resolve(path)
}

function checkSecret(secret: string, path: string): string {
  if (secret.length >= MIN_SECRET_CHARACTERS) return secret
  const message = `\`${path}\` has no secret of at least ${MIN_SECRET_CHARACTERS} characters. Delete the file, and connect the accounts again.`
  throw new ConfigurationError('invalid_option', message)
}
