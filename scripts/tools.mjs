import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const home = fileURLToPath(new URL('../.tools', import.meta.url))

/** Packages whose executable is in an optional dependency, one for each platform: its scope, and the path in it. */
const NATIVE = { deno: ['@deno', 'deno'], bun: ['@oven', 'bin/bun'] }

/** A folder whose `node_modules` holds an npm package, installed on first use. */
export async function ensurePackage(name, version) {
  const folder = join(home, `${name.replace('/', '+')}@${version}`)
  if (!existsSync(folder)) await install(name, version, folder)
  return folder
}

/** The path of an executable that comes as an npm package, installed on first use. */
export async function ensureTool(name, version) {
  return executableIn(join(await ensurePackage(name, version), 'node_modules'), name)
}

/** For the platform this runs on. The Node that runs this is not installed again. */
export async function ensureNode(version) {
  if (version === process.versions.node) return process.execPath
  return ensureTool(`node-${process.platform}-${process.arch}`, version)
}
export const ensureDeno = (version) => ensureTool('deno', version)
export const ensureBun = (version) => ensureTool('bun', version)

/** Installs into a temporary folder and then renames it, so that another process never sees a part of the package. */
async function install(name, version, folder) {
  await mkdir(home, { recursive: true })
  const partial = await mkdtemp(join(home, '.partial-'))
  try {
    await writeFile(join(partial, 'package.json'), '{ "private": true }')
    const quiet = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
    await run('npm', ['install', ...quiet, `${name}@${version}`], { cwd: partial })
    await rename(partial, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

async function executableIn(modules, name) {
  const native = NATIVE[name]
  if (!native) return join(modules, name, await binOf(join(modules, name, 'package.json')))
  const [scope, path] = native
  const [platform] = await readdir(join(modules, scope))
  if (platform === undefined) throw new Error(`Cannot run "${name}": there is none for this platform`)
  return join(modules, scope, platform, path)
}

async function binOf(manifest) {
  const { bin } = JSON.parse(await readFile(manifest, 'utf8'))
  return typeof bin === 'string' ? bin : Object.values(bin)[0]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const tool of process.argv.slice(2)) {
    const at = tool.lastIndexOf('@')
    console.log(await ensureTool(tool.slice(0, at), tool.slice(at + 1)))
  }
}
