import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { FromProcess, Round, RoundResult, Start, ToProcess } from './messages.ts'

/** Processes that are asked together and wait for each other. */
export interface Fleet {
  signIn(tokenResponse: unknown): Promise<readonly string[]>
  run(round: Round): Promise<RoundResult[]>
  stop(): Promise<void>
}

export async function startFleet(processes: number, start: Start): Promise<Fleet> {
  const entry = new URL('process.js', import.meta.url)
  const fleet = Array.from({ length: processes }, () => fork(entry))
  const [first] = fleet
  if (!first) throw new Error('A fleet has one process at least')
  await Promise.all(fleet.map((child) => ask(child, { start })))

  return {
    signIn: async (tokenResponse) => (await result(first, { signIn: tokenResponse })).setCookie,
    run: (round) => Promise.all(fleet.map((child) => result(child, { round }))),
    async stop() {
      await Promise.all(
        fleet.map(async (child) => {
          // A process that failed has ended before.
          if (child.exitCode !== null || child.signalCode !== null) return
          const exited = once(child, 'exit')
          child.kill()
          await exited
        }),
      )
    },
  }
}

async function result(child: ChildProcess, message: ToProcess): Promise<RoundResult> {
  const answer = await ask(child, message)
  if (!('result' in answer)) throw new Error('The process sent another message')
  return answer.result
}

function ask(child: ChildProcess, message: ToProcess): Promise<FromProcess> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('A process of the fleet has ended'))
    child.once('exit', gone)
    child.once('message', (answer: FromProcess) => {
      child.off('exit', gone)
      resolve(answer)
    })
    child.send(message)
  })
}
