import { fileURLToPath } from 'node:url'
import { it } from 'vitest'
import { proveExample } from '../../../test/adapters/example.ts'
import { startProgram } from '../../../test/adapters/start-program.ts'

it('the example signs in, refreshes once for a burst, and signs out', async () => {
  const cwd = fileURLToPath(new URL('../../../examples/cloudflare-worker', import.meta.url))
  await proveExample((env) => startProgram(process.execPath, ['start.mjs'], { cwd, env }))
})
