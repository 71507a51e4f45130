import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from './runtimes.mjs'
import { ensureNode } from './tools.mjs'

// Node 22 and later contain SQLite. Node 24 runs the TypeScript of the tests without a build.
const isNew = Number(process.versions.node.split('.')[0]) >= 24
const node = isNew ? process.execPath : await ensureNode(RUNTIMES.node[2])
const main = fileURLToPath(new URL('../test/stores/main.ts', import.meta.url))
const args = ['--conditions=@evertoken/source', '--disable-warning=ExperimentalWarning', main]
process.exitCode = spawnSync(node, [...args, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1
