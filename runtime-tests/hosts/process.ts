import { spawn } from 'node:child_process'
import type { Host } from './host.ts'

/** Starts a program that prints `listening on <url>` once it is ready. */
export async function startProcess(command: string, args: readonly string[]): Promise<Host> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = () => void child.kill('SIGKILL')
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  process.once('exit', kill)
  let output = ''

  const url = await new Promise<string>((resolve, reject) => {
    const take = (text: string) => {
      output += text
      const [, found] = /^listening on (http:\S+)$/m.exec(output) ?? []
      if (found !== undefined) resolve(found)
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`Cannot start ${command}:\n${output}`)))
  })

  return {
    url,
    output: () => output,
    async stop() {
      process.off('exit', kill)
      kill()
      await exited
    },
  }
}
