import { type BigIntStats, mkdirSync, type Stats, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigurationError } from '@evertoken/core'

/** Access of all users except the owner. */
const OTHERS = 0o077
/** Write access of all users except the owner. */
const OTHERS_WRITE = 0o022

/** Windows has other permissions. A folder of a user is private there. */
const hasModes = process.platform !== 'win32'

/**
 * Creates the folder of a file, which only this user can use.
 *
 * @throws {ConfigurationError} If the folder exists, and belongs to another user, or other users can replace files in it.
 */
export function prepareFolder(path: string): void {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!hasModes) return
  const { mode, uid } = statSync(folder)
  // The administrator can replace all files.
  if (uid !== 0 && uid !== process.geteuid?.())
    throw insecure(
      `\`${folder}\` belongs to another user, who can replace files in it. Run the program as that user, or use another folder.`,
    )
  if (mode & OTHERS_WRITE)
    throw insecure(
      `Other users can replace files in \`${folder}\`. Use another folder, or run \`chmod 700\`.`,
    )
}

/** @throws {ConfigurationError} If other users can read or replace the file. */
export function checkPrivate(path: string, stats: Stats | BigIntStats): void {
  if (!stats.isFile()) throw insecure(`\`${path}\` is not a file. Use another path.`)
  if (!hasModes) return
  if (Number(stats.uid) !== process.geteuid?.())
    throw insecure(`\`${path}\` belongs to another user. Run the program as that user, or use another path.`)
  if (Number(stats.mode) & OTHERS)
    throw insecure(
      `Other users can read \`${path}\`. If it has no tokens of yours, delete it. Otherwise, run \`chmod 600\`, and ` +
        'connect the accounts again if other users might have read it.',
    )
}

/** Reads a private file. Resolves to `undefined` if it does not exist. */
export async function readPrivate(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(unlessMissing)
  if (!file) return undefined
  try {
    checkPrivate(path, await file.stat())
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** Writes a private file completely to the disk. It does not replace an existing file if the flag is `wx`. */
export async function writePrivate(path: string, text: string, flag: 'w' | 'wx'): Promise<void> {
  const file = await open(path, flag, 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Replaces a file in one step, which survives a loss of power. */
export async function replacePrivate(path: string, text: string): Promise<void> {
  const next = `${path}.new`
  await writePrivate(next, text, 'w')
  await rename(next, path)
  await syncFolder(path)
}

/** Writes the names in the folder of a file to the disk. Windows does that itself. */
export async function syncFolder(path: string): Promise<void> {
  if (!hasModes) return
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

export function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

function insecure(message: string): ConfigurationError {
  return new ConfigurationError('invalid_option', message)
}
