import { entry } from '../entry.ts'
import type { Runtime, Tools } from './host.ts'
import { startProcess } from './process.ts'

export async function createBun(version: string, { ensureBun }: Tools): Promise<Runtime> {
  const executable = await ensureBun(version)
  return {
    name: `bun@${version}`,
    start: (config) => startProcess(executable, ['run', entry('bun'), JSON.stringify(config)]),
  }
}
