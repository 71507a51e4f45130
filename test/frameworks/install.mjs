import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildPackages, packAll, root, run } from '../../scripts/packaging/packages.mjs'
import { FRAMEWORKS, SIGN_IN_LIBRARIES } from './frameworks.mjs'

const home = join(root, '.cache/frameworks')
const source = new URL('.', import.meta.url).pathname

/**
 * Installs the frameworks, unless they are installed already, and the packed packages of this repository.
 *
 * @returns The folder of each application by name, and the version of each package by name.
 */
export async function install(names) {
  await mkdir(home, { recursive: true })
  await installFrameworks()
  await installPackages()
  const folders = {}
  for (const name of names) {
    const folder = join(home, 'applications', name)
    await rm(folder, { recursive: true, force: true })
    await cp(join(source, 'applications', name), folder, { recursive: true })
    await cp(join(source, 'shared'), folder, { recursive: true })
    folders[name] = folder
  }
  return { home, folders }
}

async function installFrameworks() {
  const dependencies = Object.assign(
    {},
    ...Object.values({ ...FRAMEWORKS, ...SIGN_IN_LIBRARIES }).map(({ packages }) => packages),
  )
  const manifest = JSON.stringify({ private: true, type: 'module', dependencies }, null, 2)
  const stamp = join(home, 'installed.json')
  if ((await readFile(stamp, 'utf8').catch(() => '')) === manifest) return
  await rm(join(home, 'node_modules'), { recursive: true, force: true })
  await writeFile(join(home, 'package.json'), manifest)
  await npm('install', '--no-package-lock')
  await writeFile(stamp, manifest)
}

/** Installs without `--save`, so that the next run finds the same manifest. */
async function installPackages() {
  const tarballs = join(home, 'tarballs')
  await rm(tarballs, { recursive: true, force: true })
  await mkdir(tarballs)
  const packed = await packAll(await buildPackages(), tarballs)
  const wanted = packed.filter(({ name }) => /core|node|testkit/.test(name))
  await npm('install', '--no-save', '--no-package-lock', ...wanted.map(({ tarball }) => tarball))
}

async function npm(...args) {
  await run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: home, maxBuffer: 1e8 })
}
