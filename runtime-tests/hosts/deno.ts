import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entry } from '../entry.ts'
import type { Runtime, Tools } from './host.ts'
import { startProcess } from './process.ts'

/** With only the permissions that it needs: the loopback network, and the file of its Deno KV. */
export async function createDeno(version: string, { ensureDeno }: Tools): Promise<Runtime> {
  const executable = await ensureDeno(version)
  return {
    name: `deno@${version}`,
    async start(config) {
      const folder = await mkdtemp(join(tmpdir(), 'evertoken-'))
      const allowed = ['--allow-net=127.0.0.1', `--allow-read=${folder}`, `--allow-write=${folder}`]
      const flags = ['--quiet', '--no-config', '--no-remote', '--no-prompt', '--unstable-kv', ...allowed]
      const file = join(folder, 'kv')
      const host = await startProcess(executable, [
        'run',
        ...flags,
        entry('deno'),
        JSON.stringify(config),
        file,
      ])
      const stop = async () => {
        await host.stop()
        await rm(folder, { recursive: true, force: true })
      }
      return { ...host, stop }
    },
  }
}
