import { entry } from '../entry.ts'
import type { Runtime, Tools } from './host.ts'

/** The sessions live in Durable Objects on disk, as they do when deployed. */
export function createWorkerd(version: string, { startWorkerd }: Tools): Runtime {
  return {
    name: `workerd@${version}`,
    async start(config) {
      const { url, output, close } = await startWorkerd({
        entry: entry('workerd'),
        flags: ['nodejs_compat', 'enable_request_signal'],
        vars: { CONFIG: JSON.stringify(config) },
        sessions: 'SESSIONS',
      })
      return { url, output, stop: close }
    },
  }
}
