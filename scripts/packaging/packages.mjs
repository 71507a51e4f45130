import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = fileURLToPath(new URL('../..', import.meta.url))
/** The folder for tarballs of this repository. */
export const ARTIFACTS = join(root, 'artifacts')
export const run = promisify(execFile)
const npm = (args, cwd) => run('npm', [...args, '--loglevel=error'], { cwd, maxBuffer: 1e8 })

/** Builds all packages, without files of an earlier build. Resolves to the folders of the packages. */
export async function buildPackages() {
  const folders = (await readdir(join(root, 'packages'))).map((name) => join(root, 'packages', name))
  await Promise.all(folders.map(removeOutdated))
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...folders])
  return folders
}

/** Removes the built files whose source no longer exists. The others stay, because other tests can be using them. */
async function removeOutdated(folder) {
  const built = await readdir(join(folder, 'dist'), { recursive: true }).catch(() => [])
  for (const file of built) {
    const [, name] = /^(.+?)\.(?:js|d\.ts)(?:\.map)?$/.exec(file) ?? []
    if (name !== undefined && !existsSync(join(folder, 'src', `${name}.ts`)))
      await rm(join(folder, 'dist', file))
  }
}

/** Packs every package into a folder, which it empties first. Resolves to the name, folder, tarball and files of each. */
export async function packAll(folders, tarballs) {
  await rm(tarballs, { recursive: true, force: true })
  await mkdir(tarballs)
  const packed = []
  for (const folder of folders) {
    const { stdout } = await npm(['pack', '--json', '--pack-destination', tarballs], folder)
    const [{ name, filename, files }] = JSON.parse(stdout)
    packed.push({ name, folder, tarball: join(tarballs, filename), files: files.map(({ path }) => path) })
  }
  return packed
}

/**
 * Packs every package and installs the tarballs into a project that has nothing else.
 *
 * @returns Where the project is, and each package with its name, tarball, files and public entries.
 */
export async function installPacked(folders, home) {
  const tarballs = join(home, 'tarballs')
  const project = join(home, 'project')
  await mkdir(project)
  const packages = []
  for (const { name, folder, tarball, files } of await packAll(folders, tarballs)) {
    const { exports } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const entries = Object.keys(exports).filter((key) => !key.endsWith('.json'))
    packages.push({
      name,
      tarball,
      files,
      entries: entries.map((key) => name + key.slice(1)),
      installed: join(project, 'node_modules', name),
    })
  }
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  const all = packages.map(({ tarball }) => tarball)
  await npm(['install', '--no-audit', '--no-fund', '--ignore-scripts', ...all], project)
  return { project, packages }
}
