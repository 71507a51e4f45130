import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startWorkerd } from '../../packages/cloudflare/test/workerd.mjs'
import { ensureBun, ensureDeno, ensureNode } from '../tools.mjs'
import { RUNTIMES } from '../runtimes.mjs'
import { bundle } from './bundles.mjs'
import { run } from './packages.mjs'

/** A program that prints the names each entry exports. */
const program = (entries) => `
${entries.map((entry, i) => `import * as entry${i} from '${entry}'`).join('\n')}
const names = { ${entries.map((entry, i) => `'${entry}': Object.keys(entry${i}).sort()`).join(', ')} }
`

/** For each runtime, a function that resolves to the names each entry exports there. */
export function importers(project, entries) {
  const file = join(project, 'import-all.mjs')
  const printed = async (executable, args = []) => {
    await writeFile(file, `${program(entries)}console.log(JSON.stringify(names))\n`)
    return JSON.parse((await run(executable, [...args, file], { cwd: project })).stdout)
  }
  const { node, deno, workerd, bun } = RUNTIMES
  return {
    ...Object.fromEntries(
      node.map((version) => [`node@${version}`, async () => printed(await ensureNode(version))]),
    ),
    [`deno@${deno}`]: async () =>
      printed(await ensureDeno(deno), ['run', '--quiet', '--no-remote', '--node-modules-dir=manual']),
    [`bun@${bun}`]: async () => printed(await ensureBun(bun), ['run']),
    [`workerd@${workerd}`]: () => fromWorkerd(project, entries),
  }
}

async function fromWorkerd(project, entries) {
  const code = `${program(entries)}export default { fetch: () => Response.json(names) }`
  const { text } = await bundle(code, project, { conditions: ['workerd', 'worker', 'import'] })
  const entry = join(project, 'worker.mjs')
  await writeFile(entry, text)
  const worker = await startWorkerd({ entry, flags: ['nodejs_compat'] })
  try {
    return await (await fetch(worker.url)).json()
  } finally {
    await worker.close()
  }
}
