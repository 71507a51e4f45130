import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureNode } from '../../scripts/tools.mjs'
import { root, run } from '../../scripts/packaging/packages.mjs'
import { RUNTIMES } from '../../scripts/runtimes.mjs'

const home = join(root, '.cache/servers')
const source = new URL('programs', import.meta.url).pathname

/** The authorization servers from npm, and the packages that they need. */
const PACKAGES = {
  '@better-auth/core': '1.7.5',
  '@better-auth/oauth-provider': '1.7.5',
  '@better-auth/utils': '0.4.2',
  '@better-fetch/fetch': '1.3.2',
  '@cloudflare/workers-oauth-provider': '1.2.3',
  '@node-oauth/oauth2-server': '5.3.0',
  '@openauthjs/openauth': '0.4.3',
  '@hono/node-server': '1.19.6',
  arctic: '2.3.4',
  'better-auth': '1.7.5',
  'better-call': '1.4.0',
  hono: '4.13.0',
  valibot: '1.1.0',
  miniflare: '4.20260730.0',
  'oauth2-mock-server': '9.3.0',
  'oidc-provider': '9.13.3',
}

/**
 * Installs the servers from npm, unless they are installed already, and copies their programs next to them.
 *
 * @returns The folder of the programs, and the Node.js that runs them: some servers need a later one than Evertoken.
 */
export async function install() {
  await mkdir(home, { recursive: true })
  await installPackages()
  const programs = join(home, 'programs')
  await rm(programs, { recursive: true, force: true })
  await cp(source, programs, { recursive: true })
  return { programs, node: await ensureNode(RUNTIMES.node[1]) }
}

async function installPackages() {
  const manifest = JSON.stringify({ private: true, type: 'module', dependencies: PACKAGES }, null, 2)
  const stamp = join(home, 'installed.json')
  if ((await readFile(stamp, 'utf8').catch(() => '')) === manifest) return
  await rm(join(home, 'node_modules'), { recursive: true, force: true })
  await writeFile(join(home, 'package.json'), manifest)
  const quiet = ['--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', ['install', '--ignore-scripts', ...quiet], { cwd: home, maxBuffer: 1e8 })
  await writeFile(stamp, manifest)
}
