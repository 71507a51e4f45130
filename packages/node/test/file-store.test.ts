import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import fs, {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnections } from '@evertoken/node/connections'
import { createFileStore, loadSecretFile } from '@evertoken/node/file-store'
import { sessionStoreContract } from '@evertoken/testkit'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'

/** A file system in memory behaves the same, and does not wait for the disk at each change. */
const home = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(home, 'evertoken-file-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const FAR = 4e9
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

describe('the contract of stores', () => {
  let movedBy = 0
  const startedAt = Date.now() / 1000
  const clock = { now: () => startedAt + movedBy, elapsed: () => movedBy * 1000 }
  const path = join(home, `evertoken-contract-${process.pid}`, 'tokens.json')
  const cases = sessionStoreContract(() => createFileStore({ path, clock }), {
    now: clock.now,
    waitUntilExpired: async (seconds) => void (movedBy += seconds),
    secondStore: () => createFileStore({ path, clock }),
    storeWithClock: (other) => createFileStore({ path, clock: other }),
  })
  it.each(cases)('$name', async ({ run }) => run())
  it('leaves only the file', async () => {
    expect(await readdir(dirname(path))).toEqual(['tokens.json'])
    await rm(dirname(path), { recursive: true })
  })
})

it('keeps the file and its folder from other users', async () => {
  const path = join(await createFolder(), 'deep', 'er', 'tokens.json')
  const store = createFileStore({ path })
  expect(await store.swap('key', undefined, 'record', FAR)).toBe(true)
  expect([await modeOf(path), await modeOf(dirname(path))]).toEqual(['600', '700'])
})

it.each([0o640, 0o604, 0o660])('refuses a file with the mode %o', async (mode) => {
  const path = join(await createFolder(), 'tokens.json')
  const store = createFileStore({ path })
  await store.swap('key', undefined, 'record', FAR)
  await chmod(path, mode)
  expect(() => createFileStore({ path })).toThrow('chmod 600')
  await expect(store.read('key')).rejects.toThrow('chmod 600')
  await expect(store.swap('key', 'record', 'next', FAR)).rejects.toThrow('chmod 600')
  await chmod(path, 0o600)
  expect(await store.read('key')).toBe('record')
})

it('refuses a folder in which other users can replace the file, and a link to another file', async () => {
  const folder = await createFolder()
  const open = join(folder, 'open')
  await mkdir(open)
  await chmod(open, 0o777)
  expect(() => createFileStore({ path: join(open, 'tokens.json') })).toThrow('chmod 700')
  await symlink('/etc/hostname', join(folder, 'link'))
  expect(() => createFileStore({ path: join(folder, 'link') })).toThrow('is not a file')
  expect(() => createFileStore({ path: '' })).toThrow('Option `path`')
})

it.runIf(process.geteuid?.() === 0)('refuses a folder of another user', async () => {
  const folder = join(await createFolder(), 'other')
  await mkdir(folder, { mode: 0o700 })
  await chown(folder, 1000, 1000)
  expect(() => createFileStore({ path: join(folder, 'tokens.json') })).toThrow('belongs to another user')
})

it('does not overwrite another file', async () => {
  const path = join(await createFolder(), 'notes.txt')
  await writeFile(path, 'my notes', { mode: 0o600 })
  const store = createFileStore({ path })
  await expect(store.swap('key', undefined, 'record', FAR)).rejects.toThrow('Use another path')
  expect(await readFile(path, 'utf8')).toBe('my notes')
})

it('removes records 3 days after they have expired', async () => {
  const path = join(await createFolder(), 'tokens.json')
  let now = 1000
  const store = createFileStore({ path, clock: { now: () => now, elapsed: () => now * 1000 } })
  await store.swap('old', undefined, 'old record', 1100)
  await store.index?.add('term', 'old', 1100)
  now += 3 * 86_400
  await store.swap('key', undefined, 'record', FAR)
  expect(await readFile(path, 'utf8')).toContain('old record')
  now += 101
  await store.swap('key', 'record', 'next', FAR)
  expect(await readFile(path, 'utf8')).not.toMatch(/old|term/)
})

/** Counts in a record that other processes change too. A signal can end or stop it in the middle. */
const PROGRAM = `
  import fs from 'node:fs/promises'
  import { syncBuiltinESMExports } from 'node:module'
  import { createFileStore } from '@evertoken/node/file-store'

  const [path, changes, signal, at] = process.argv.slice(2)
  if (signal) {
    const original = fs[at]
    fs[at] = async (...args) => {
      const isEarly = at === 'link' ? !args[1].includes('.after-') : at === 'rm' && !args[0].endsWith('.lock')
      if (isEarly) return original(...args)
      fs[at] = original
      syncBuiltinESMExports()
      process.kill(process.pid, signal)
      return original(...args)
    }
    syncBuiltinESMExports()
  }
  const store = createFileStore({ path })
  for (let done = 0; done < Number(changes); ) {
    const count = await store.read('counter')
    if (await store.swap('counter', count, String(Number(count ?? 0) + 1), 4e9)) done += 1
  }
`

let program = ''

beforeAll(async () => {
  const folder = await mkdtemp(join(home, 'evertoken-program-'))
  program = join(folder, 'program.mjs')
  const stdin = { contents: PROGRAM, resolveDir: import.meta.dirname }
  const conditions = ['@evertoken/source', 'node', 'import', 'default']
  await build({ stdin, conditions, outfile: program, bundle: true, format: 'esm', platform: 'node' })
  return () => rm(folder, { recursive: true, force: true })
})

const count = (path: string, changes: number, ...signal: readonly string[]) =>
  fork(program, [path, String(changes), ...signal])
/** Dies before the change is visible, or before the lock is released. */
const die = (path: string, at: 'rename' | 'rm') => count(path, 1, 'SIGKILL', at)
const stopped = ({ pid }: ChildProcess) =>
  vi.waitFor(async () => expect(await readFile(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) T /), 20_000)
const signalOf = async (child: ChildProcess) => (await once(child, 'exit'))[1] as unknown
const locksOf = async (path: string) =>
  (await readdir(dirname(path))).filter((name) => name.includes('.lock'))

it('loses no change of several processes, and survives the death of some in the middle of a change', async () => {
  const path = join(await createFolder(), 'tokens.json')
  const [workers, changes] = [4, 50]
  const running = Array.from({ length: workers }, () => count(path, changes))
  const ended = running.map((child) => once(child, 'exit'))
  const victims = Array.from({ length: 4 }, () => signalOf(die(path, 'rename')))
  expect(await Promise.all(victims)).toEqual(victims.map(() => 'SIGKILL'))
  expect((await Promise.all(ended)).map(([code]) => code as unknown)).toEqual(running.map(() => 0))
  const store = createFileStore({ path })
  expect(await store.read('counter')).toBe(String(workers * changes))
  await store.swap('key', undefined, 'record', FAR)
  expect(await locksOf(path)).toEqual([])
})

it('takes over a lock whose heir has died too', async () => {
  const path = join(await createFolder(), 'tokens.json')
  for (const at of ['rename', 'rm', 'rename'] as const) expect(await signalOf(die(path, at))).toBe('SIGKILL')
  expect((await locksOf(path)).length).toBeGreaterThan(2)
  const store = createFileStore({ path })
  expect(await store.swap('key', undefined, 'record', FAR)).toBe(true)
  // The second process has stored its change before it died.
  expect([await store.read('counter'), await locksOf(path)]).toEqual(['1', []])
})

describe.runIf(process.platform === 'linux')('a process that is only slow', () => {
  it('keeps its lock', async () => {
    const path = join(await createFolder(), 'tokens.json')
    const slow = count(path, 1, 'SIGSTOP', 'rename')
    await stopped(slow)
    const other = count(path, 1)
    await Promise.race([once(other, 'exit'), sleep(500)])
    slow.kill('SIGCONT')
    await Promise.all([once(slow, 'exit'), other.exitCode ?? once(other, 'exit')])
    expect(await createFileStore({ path }).read('counter')).toBe('2')
  })

  it('does not inherit a lock that another process has inherited and released', async () => {
    const path = join(await createFolder(), 'tokens.json')
    await signalOf(die(path, 'rename'))
    const slow = count(path, 1, 'SIGSTOP', 'link')
    await stopped(slow)
    const store = createFileStore({ path })
    await store.swap('key', undefined, 'record', FAR)
    const holder = count(path, 1, 'SIGSTOP', 'rename')
    await stopped(holder)
    slow.kill('SIGCONT')
    await Promise.race([once(slow, 'exit'), sleep(500)])
    holder.kill('SIGCONT')
    await Promise.all([once(holder, 'exit'), slow.exitCode ?? once(slow, 'exit')])
    expect([await store.read('counter'), await locksOf(path)]).toEqual(['2', []])
  })
})

it('recognizes a process ID that another process has now', async () => {
  const path = join(await createFolder(), 'tokens.json')
  await signalOf(die(path, 'rename'))
  const lock = `${path}.lock`
  const holder = JSON.parse(await readFile(lock, 'utf8')) as {
    readonly pid: number
    readonly started: string
  }
  // This process exists, but it started at another time.
  await rm(lock)
  await writeFile(lock, JSON.stringify({ ...holder, pid: process.pid }), { mode: 0o600 })
  const store = createFileStore({ path })
  expect(await store.swap('key', undefined, 'record', FAR)).toBe(true)
  const other = { ...holder, space: 'pid:[1]', host: 'container' }
  await writeFile(lock, JSON.stringify(other), { mode: 0o600 })
  await expect(store.swap('key', 'record', 'next', FAR)).rejects.toThrow(`delete \`${lock}\``)
  expect(await store.read('key')).toBe('record')
})

it('does not take a lock from a process whose boot is not known', async () => {
  const path = join(await createFolder(), 'tokens.json')
  const holder = JSON.stringify({ id: 'holder', pid: process.pid, host: hostname() })
  const lock = `${path}.lock`
  await writeFile(lock, holder, { mode: 0o600 })
  const change = createFileStore({ path }).swap('key', undefined, 'record', FAR)
  // Systems other than Linux know no boot, and can signal the process.
  await expect(change).rejects.toThrow(process.platform === 'linux' ? `delete \`${lock}\`` : 'use the file')
  expect(await readFile(lock, 'utf8')).toBe(holder)
})

it.each(['', '{}', 'null', '{"id":'])('names a lock with the content %j', async (content) => {
  const path = join(await createFolder(), 'tokens.json')
  const store = createFileStore({ path })
  await writeFile(`${path}.lock`, content, { mode: 0o600 })
  const error = await store.swap('key', undefined, 'record', FAR).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ name: 'ConfigurationError', code: 'invalid_option' })
  expect(String(error)).toMatch(/`\S+tokens\.json\.lock` .* delete this file/)
  await rm(`${path}.lock`)
  expect(await store.swap('key', undefined, 'record', FAR)).toBe(true)
  expect(await locksOf(path)).toEqual([])
})

it('writes a lock to the disk before others can see it', async () => {
  const path = join(await createFolder(), 'tokens.json')
  const calls: string[] = []
  const original = { open: fs.open, link: fs.link }
  onTestFinished(() => {
    Object.assign(fs, original)
    syncBuiltinESMExports()
  })
  fs.open = async (...args) => {
    const file = await original.open(...args)
    const sync = file.sync.bind(file)
    file.sync = () => (calls.push(`sync ${String(args[0])}`), sync())
    return file
  }
  fs.link = (from, to) => (calls.push(`link ${String(from)}`), original.link(from, to))
  syncBuiltinESMExports()
  await createFileStore({ path }).swap('key', undefined, 'record', FAR)
  const [own] = calls.filter((call) => call.startsWith('link')).map((call) => call.slice(5))
  expect(calls.slice(0, 2)).toEqual([`sync ${own}`, `link ${own}`])
})

it('names the living process that holds the lock', async () => {
  const path = join(await createFolder(), 'tokens.json')
  const slow = count(path, 1, 'SIGSTOP', 'rename')
  onTestFinished(() => void slow.kill('SIGKILL'))
  await stopped(slow)
  const store = createFileStore({ path })
  const locked = await store.swap('key', undefined, 'record', FAR).catch((cause: unknown) => cause)
  expect(locked).toMatchObject({ code: 'FILE_LOCKED' })
  expect(String(locked)).toContain(`process ${slow.pid} holds \`${path}.lock\``)
  const encryptionSecret = 'a secret of thirty-two characters'
  const providers = { orders: { issuer: 'https://login.example.com', clientId: 'cli' } }
  const connection = createConnections({ encryptionSecret, store, providers }).get('me', 'orders')
  const error = await connection.disconnect().catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'store_unavailable', cause: { code: 'FILE_LOCKED' } })
})

it('removes the files of processes that died while they waited, and no others', async () => {
  const path = join(await createFolder(), 'tokens.json')
  await signalOf(die(path, 'rename'))
  const lock = `${path}.lock`
  const dead = JSON.parse(await readFile(lock, 'utf8')) as { readonly started: string }
  await rm(lock)
  for (const name of await locksOf(path)) await rm(join(dirname(path), name))
  await writeFile(`${lock}.dead`, JSON.stringify(dead), { mode: 0o600 })
  await writeFile(`${lock}.other`, JSON.stringify({ ...dead, host: 'container' }), { mode: 0o600 })
  await writeFile(`${lock}.unreadable`, '', { mode: 0o600 })
  await createFileStore({ path }).swap('key', undefined, 'record', FAR)
  expect((await locksOf(path)).toSorted()).toEqual(['tokens.json.lock.other', 'tokens.json.lock.unreadable'])
})

it('leaves no file if the disk is full', async () => {
  const path = join(await createFolder(), 'tokens.json')
  const { open } = fs
  onTestFinished(() => {
    fs.open = open
    syncBuiltinESMExports()
  })
  fs.open = async (...args) => {
    const file = await open(...args)
    file.writeFile = () => Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
    return file
  }
  syncBuiltinESMExports()
  await expect(createFileStore({ path }).swap('key', undefined, 'record', FAR)).rejects.toThrow('no space')
  expect(await readdir(dirname(path))).toEqual([])
})

describe('the secret in a file', () => {
  it('is created once, for this user only', async () => {
    const path = join(await createFolder(), 'folder', 'secret')
    const secrets = await Promise.all(Array.from({ length: 10 }, () => loadSecretFile({ path })))
    expect(new Set(secrets).size).toBe(1)
    expect(secrets[0]?.length).toBeGreaterThan(42)
    expect(await modeOf(path)).toBe('600')
    expect(await readdir(dirname(path))).toEqual(['secret'])
  })

  it('is refused if others can read it, or if it is too short', async () => {
    const path = join(await createFolder(), 'secret')
    await writeFile(path, 'short', { mode: 0o600 })
    await expect(loadSecretFile({ path })).rejects.toThrow('at least 32 characters')
    await chmod(path, 0o644)
    await expect(loadSecretFile({ path })).rejects.toThrow('chmod 600')
  })
})
