// Runs the programs of the documentation on edge runtimes, from packed packages. Usage: node scripts/test-edge.mjs [word …]
// Its requirements are installed into .cache/edge on first use.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPackages, installPacked, root, run } from './packaging/packages.mjs'
import { RUNTIMES } from './runtimes.mjs'
import { ensureBun, ensureDeno, ensureNode } from './tools.mjs'

const REQUIREMENTS = {
  '@cloudflare/workers-types': '5.20261117.1',
  '@upstash/redis': '1.39.0',
  'edge-runtime': '4.0.1',
  hono: '4.13.19',
  wrangler: '4.164.0',
}

const home = await mkdtemp(join(tmpdir(), 'evertoken-edge-'))
try {
  const requirements = await ensureRequirements()
  const { project } = await installPacked(await buildPackages(), home)
  // A symbolic link for each package, so that Deno, Bun and the bundlers find all in one folder.
  for (const name of Object.keys(REQUIREMENTS)) await link(requirements, project, name)
  // wrangler and its types need these.
  for (const name of ['miniflare', 'workerd']) await link(requirements, project, name)
  const tools = { deno: await ensureDeno(RUNTIMES.deno), bun: await ensureBun(RUNTIMES.bun), project }
  // wrangler needs Node 22 or later, and Node runs TypeScript since 22.18.
  const node = await ensureNode(RUNTIMES.node[2])
  process.exitCode = await runPrograms(node, tools)
} finally {
  await rm(home, { recursive: true, force: true })
}

async function ensureRequirements() {
  const folder = join(root, '.cache/edge/requirements')
  const manifest = JSON.stringify({ private: true, dependencies: REQUIREMENTS })
  const file = join(folder, 'package.json')
  const isInstalled = existsSync(join(folder, '.installed')) && (await readFile(file, 'utf8')) === manifest
  if (isInstalled) return folder
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(file, manifest)
  const quiet = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['install', ...quiet], { cwd: folder, maxBuffer: 1e8 })
  await writeFile(join(folder, '.installed'), '')
  return folder
}

async function link(from, to, name) {
  const target = join(to, 'node_modules', name)
  await mkdir(join(target, '..'), { recursive: true })
  await symlink(join(from, 'node_modules', name), target)
}

function runPrograms(node, tools) {
  const main = join(root, 'test/edge/main.ts')
  const args = ['--conditions=@evertoken/source', '--disable-warning=ExperimentalWarning', main]
  const child = spawn(node, [...args, JSON.stringify(tools), ...process.argv.slice(2)], { stdio: 'inherit' })
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
}
