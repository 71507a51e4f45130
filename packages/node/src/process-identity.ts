import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

/** A process, so that others can find out whether it still exists. */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** When the process started, in ticks since the boot. Only on Linux. */
  readonly started?: string | undefined
  /** The boot of the machine. Only on Linux. */
  readonly boot?: string | undefined
  /** The namespace of the process ID, which differs between containers. Only on Linux. */
  readonly space?: string | undefined
}

/** `unknown` if the process is in another container, on another machine, or of another operating system. */
export type ProcessState = 'alive' | 'dead' | 'unknown'

let own: Promise<ProcessIdentity> | undefined

/** Returns the identity of this process. */
export function ownIdentity(): Promise<ProcessIdentity> {
  return (own ??= describe())
}

async function describe(): Promise<ProcessIdentity> {
  const { pid } = process
  return {
    pid,
    host: hostname(),
    started: (await readStat(pid))?.started,
    boot: await readText('/proc/sys/kernel/random/boot_id'),
    space: await readlink('/proc/self/ns/pid').catch(() => undefined),
  }
}

/**
 * Finds out whether a process still exists. A process ID that another process has now does not mislead it on Linux. On other
 * systems, such a process is `alive`, which is safe.
 */
export async function stateOf(owner: ProcessIdentity): Promise<ProcessState> {
  const { host, boot, space } = await ownIdentity()
  if (owner.host !== host) return 'unknown'
  // Without one of the two, such as on Windows with WSL, the machine need not have started again.
  if (owner.boot !== boot) return owner.boot && boot ? 'dead' : 'unknown'
  if (owner.space !== space) return 'unknown'
  if (owner.started === undefined) return canSignal(owner.pid) ? 'alive' : 'dead'
  const stat = await readStat(owner.pid)
  return stat?.started === owner.started && !stat.isOver ? 'alive' : 'dead'
}

function canSignal(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

interface ProcessStat {
  readonly started: string | undefined
  /** Whether the process has ended, and only its parent has not read that yet. */
  readonly isOver: boolean
}

/** Reads `/proc/<pid>/stat`. The name of the program, which is in parentheses, can have spaces. */
async function readStat(pid: number): Promise<ProcessStat | undefined> {
  const text = await readText(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // The fields 3 and 22 of proc_pid_stat(5).
  return { started: fields[19], isOver: /^[ZXx]$/.test(fields[0] ?? '') }
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  )
}
