import { fork } from 'node:child_process'
import { once } from 'node:events'

export interface Loopback {
  /** Both the issuer and the base URL of the API. */
  readonly url: string
  stop(): Promise<void>
}

/** Starts the servers of `server.ts` in another process. */
export async function startLoopback(): Promise<Loopback> {
  const child = fork(new URL('server.js', import.meta.url))
  const [port] = (await once(child, 'message')) as [number]
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}
