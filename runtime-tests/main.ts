import { RUNTIMES } from '../scripts/runtimes.mjs'
import { createBun } from './hosts/bun.ts'
import { createDeno } from './hosts/deno.ts'
import type { Runtime, Tools } from './hosts/host.ts'
import { createNode } from './hosts/node.ts'
import { createWorkerd } from './hosts/workerd.ts'
import { runSuite } from './suite.ts'

type Create = (tools: Tools) => Runtime | Promise<Runtime>

const ALL: ReadonlyMap<string, Create> = new Map<string, Create>([
  ...RUNTIMES.node.map((version): [string, Create] => [
    `node@${version.split('.')[0]}`,
    (tools) => createNode(version, tools),
  ]),
  ['deno', (tools) => createDeno(RUNTIMES.deno, tools)],
  ['workerd', (tools) => createWorkerd(RUNTIMES.workerd, tools)],
  ['bun', (tools) => createBun(RUNTIMES.bun, tools)],
])

/** Resolves to the exit code. Without names, all runtimes are run. */
export async function main(names: readonly string[], tools: Tools): Promise<number> {
  const unknown = names.find((name) => !ALL.has(name))
  if (unknown !== undefined) {
    console.error(`Cannot run on '${unknown}': choose from ${[...ALL.keys()].join(', ')}`)
    return 2
  }
  const lines: string[] = []
  let passed = 0
  let failed = 0
  for (const [name, create] of ALL) {
    if (names.length > 0 && !names.includes(name)) continue
    const runtime = await create(tools)
    const tally = await runSuite(runtime)
    passed += tally.passed
    failed += tally.failed
    lines.push(`${runtime.name} scenarios passed=${tally.passed} failed=${tally.failed}`)
    console.log(lines.at(-1))
  }
  console.log(['', ...lines, '', `${passed} passed, ${failed} failed`].join('\n'))
  return failed > 0 ? 1 : 0
}
