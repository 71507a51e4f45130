import { randomUUID } from 'node:crypto'
import { link, readdir, readFile, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigurationError } from '@evertoken/core'
import { unlessMissing, writePrivate } from './private-files.ts'
import { ownIdentity, type ProcessIdentity, type ProcessState, stateOf } from './process-identity.ts'

/** The content of a lock file. */
interface Holder extends ProcessIdentity {
  /** Each lock has another ID, and no file gets the same content again. */
  readonly id: string
}

/** Below the 5 seconds that Evertoken gives a store. */
const WAIT_MS = 4000
/** A change takes a few milliseconds. */
const PAUSE_MS = 5
const VARIATION_MS = 20

/** The end of the work of this process on each file. */
const queues = new Map<string, Promise<unknown>>()

/** The locks without files of processes that have died. */
const cleaned = new Set<string>()

/**
 * Runs `work` while no other call on this machine runs for the same file.
 *
 * The lock is a file that is created with `link`, which the operating system does for one process only. If its process has
 * died, another process creates the file `<lock>.after-<id>`, and holds the lock with it. Only the process that holds the last
 * of these files can remove the first one. So a lock is never taken from a process that lives, however slow it is.
 *
 * @throws {ConfigurationError} If a process of another container or machine holds it for 4 seconds, or the lock is damaged.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = queues.get(path)
  const run = async () => {
    const release = await acquire(`${path}.lock`)
    try {
      return await work()
    } finally {
      await release()
    }
  }
  const result = before ? before.then(run, run) : run()
  queues.set(path, result)
  try {
    return await result
  } finally {
    if (queues.get(path) === result) queues.delete(path)
  }
}

async function acquire(lock: string): Promise<() => Promise<void>> {
  const holder: Holder = { id: randomUUID(), ...(await ownIdentity()) }
  const own = `${lock}.${holder.id}`
  try {
    // A loss of power must not leave a lock without its holder.
    await writePrivate(own, JSON.stringify(holder), 'wx')
    const deadline = performance.now() + WAIT_MS
    for (;;) {
      const result = await tryAcquire(lock, own)
      if (Array.isArray(result)) {
        // A file that stays until the next time does no harm.
        await removeLeftovers(lock).catch(() => undefined)
        return async () => {
          // The first file is removed first. Until then, the others keep all processes out.
          for (const file of [...result, own]) await rm(file, { force: true })
        }
      }
      if (performance.now() > deadline) throw lockHeld(lock, result)
      await sleep(PAUSE_MS + Math.random() * VARIATION_MS)
    }
  } catch (error) {
    await rm(own, { force: true })
    throw error
  }
}

/** Removes the files of processes that died while they waited for the lock. Each process does that once. */
async function removeLeftovers(lock: string): Promise<void> {
  if (cleaned.has(lock)) return
  cleaned.add(lock)
  const [folder, start] = [dirname(lock), `${basename(lock)}.`]
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start) || name.startsWith(`${start}after-`)) continue
    const file = join(folder, name)
    const holder = await readHolder(file).catch(() => undefined)
    if (holder && (await stateOf(holder)) === 'dead') await rm(file, { force: true })
  }
}

interface Blocked {
  readonly holder: Holder | undefined
  readonly state: ProcessState
}

/** Resolves to the files to remove, in this order, if this process holds the lock now. */
async function tryAcquire(lock: string, own: string): Promise<string[] | Blocked> {
  const files: string[] = []
  const leftovers: string[] = []
  let first: string | undefined
  for (let file = lock; ;) {
    const holder = await readHolder(file)
    if (!holder) {
      if (!(await create(own, file))) return { holder, state: 'alive' }
      files.push(file)
      // Another process might have released the whole chain since then. Its first ID never comes back.
      if (files.length === 1 || (await readHolder(lock))?.id === first) return [...files, ...leftovers]
      await rm(file, { force: true })
      return { holder, state: 'alive' }
    }
    const state = await stateOf(holder)
    if (state !== 'dead') return { holder, state }
    first ??= holder.id
    files.push(file)
    leftovers.push(`${lock}.${holder.id}`)
    file = `${lock}.after-${holder.id}`
  }
}

/** Creates a file with the content of another one, in one step. Resolves to `false` if it exists. */
async function create(content: string, file: string): Promise<boolean> {
  try {
    await link(content, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

async function readHolder(file: string): Promise<Holder | undefined> {
  const text = await readFile(file, 'utf8').catch(unlessMissing)
  if (text === undefined) return undefined
  const holder = parseHolder(text)
  if (!holder) throw unreadableLock(file)
  return holder
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = Object(JSON.parse(text)) as Holder
    return typeof holder.id === 'string' && Number.isInteger(holder.pid) ? holder : undefined
  } catch {
    return undefined
  }
}

function unreadableLock(file: string): ConfigurationError {
  const message = `\`${file}\` does not name the process that has locked the file store. Stop the programs that use the store, and delete this file.`
  return new ConfigurationError('invalid_option', message)
}

function lockHeld(lock: string, { holder, state }: Blocked): Error {
  if (state !== 'unknown' || !holder) {
    const by = holder ? `process ${holder.pid} holds \`${lock}\`` : 'other processes use it'
    const message = `Cannot change the file store, because ${by}. Try again. If no program uses the store, delete \`${lock}\`.`
    return Object.assign(new Error(message), { code: 'FILE_LOCKED' })
  }
  return new ConfigurationError(
    'invalid_option',
    `Process ${holder.pid} of the host \`${holder.host}\` has locked the file store. If that process no longer exists, ` +
      `delete \`${lock}\`. Only processes of one machine or one container can share a file store.`,
  )
}
