import { entry } from '../entry.ts'
import type { Runtime, Tools } from './host.ts'
import { startProcess } from './process.ts'

export async function createNode(version: string, { ensureNode }: Tools): Promise<Runtime> {
  const executable = await ensureNode(version)
  return {
    name: `node@${version}`,
    start: (config) => startProcess(executable, [entry('node'), JSON.stringify(config)]),
  }
}
