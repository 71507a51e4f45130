import { spawn } from 'node:child_process'

export interface Program {
  /** Its origin, without a slash at the end. */
  readonly url: string
  stop(): Promise<void>
}

export interface ProgramOptions {
  readonly cwd?: string
  /** Its environment variables, in addition to the paths of programs and caches. */
  readonly env?: Readonly<Record<string, string>>
  /** Finds the origin in the output. By default, after "listening on". */
  readonly ready?: RegExp
}

const LISTENING = /listening on (http:\/\/[\w.:]+)\/?\s/i

/**
 * Starts a server that prints its URL when it is ready.
 *
 * @throws Error with its output, if it ends before.
 */
export async function startProgram(
  command: string,
  args: readonly string[],
  { cwd, env, ready = LISTENING }: ProgramOptions = {},
): Promise<Program> {
  const { PATH, HOME } = process.env
  // In a separate group: the server may be the child of a task runner.
  const child = spawn(command, args, { cwd, env: { PATH, HOME, ...env }, detached: true })
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  }
  process.once('exit', kill)

  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const [, origin] = ready.exec(output) ?? []
        if (origin !== undefined) resolve(origin)
      })
    }
    child.once('error', reject)
    void exited.then(() => reject(new Error(`${command} ended before it was ready:\n${output}`)))
  })

  return {
    url,
    async stop() {
      process.off('exit', kill)
      kill()
      await exited
    },
  }
}
