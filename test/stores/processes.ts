import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A module that Node runs, and the arguments with which it finds its store. */
export interface Program {
  readonly path: string
  readonly args: readonly string[]
}

/** Runs several processes of the same program at the same time. Resolves to the last message of each. */
export function runProcesses(
  count: number,
  { path, args }: Program,
  job: readonly string[],
): Promise<unknown[]> {
  const run = async () => {
    let last: unknown
    const child = fork(path, [...args, ...job])
    child.on('message', (message) => (last = message))
    const [code] = (await once(child, 'exit')) as [number | null]
    if (code !== 0) throw new Error(`A process ended with ${code}`)
    return last
  }
  return Promise.all(Array.from({ length: count }, run))
}
