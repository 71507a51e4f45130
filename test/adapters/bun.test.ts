import { fileURLToPath } from 'node:url'
import { it } from 'vitest'
import { ensureTool } from '../../scripts/tools.mjs'
import { proveExample } from './example.ts'
import { startProgram } from './start-program.ts'

const example = fileURLToPath(new URL('../../examples/bun', import.meta.url))
const bun = await ensureTool('bun', '1.4.5')

it('the Bun example signs in, refreshes once for a burst, and signs out', () =>
  proveExample((env) =>
    startProgram(bun, ['--conditions=@evertoken/source', 'main.ts'], { cwd: example, env }),
  ))
