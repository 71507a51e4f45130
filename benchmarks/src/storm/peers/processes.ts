import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Burst, CallResult, Reply, Request, Start } from './messages.ts'
import type { SignedIn } from './subject.ts'

/** The processes of one application. */
export interface Processes {
  signIn(tokens: SignedIn): Promise<readonly string[]>
  /** The same calls in all of them at the same time. */
  everywhere(burst: Burst): Promise<CallResult[]>
  /** In only the last process, because it is not always the process with the newest token. */
  anywhere(burst: Burst): Promise<CallResult[]>
  stop(): Promise<void>
}

export async function startProcesses(count: number, start: Start): Promise<Processes> {
  const entry = new URL('process.js', import.meta.url)
  const children = Array.from({ length: count }, () => fork(entry))
  const [first] = children
  const last = children.at(-1)
  if (!first || !last) throw new Error('An application has one process at least')

  async function stop() {
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        await exited
      }),
    )
  }

  try {
    await Promise.all(children.map((child) => ask(child, { start })))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    signIn: (tokens) => ask(first, { signIn: tokens }),
    everywhere: async (burst) =>
      (await Promise.all(children.map((child) => ask<CallResult[]>(child, { burst })))).flat(),
    anywhere: (burst) => ask(last, { burst }),
    stop,
  }
}

const PATIENCE_MS = 20_000

function ask<Value>(child: ChildProcess, request: Request): Promise<Value> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(new Error(why))
    }
    const gone = () => fail('A process of the application has ended')
    const timer = setTimeout(fail, PATIENCE_MS, 'The library did not answer in time')
    child.once('exit', gone)
    child.once('message', (reply: Reply) => {
      clearTimeout(timer)
      child.off('exit', gone)
      if ('error' in reply) fail(reply.error)
      else resolve(reply.value as Value)
    })
    child.send(request)
  })
}
