import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from '../packaging/packages.mjs'
import { ensurePackage, ensureTool } from '../tools.mjs'

const CHANGESETS = ['@changesets/cli', '2.31.1']

/** Returns `{ name, oldVersion, newVersion }` for each package that a changeset in `.changeset/` concerns. */
export async function planVersions() {
  const require = createRequire(join(await ensurePackage(...CHANGESETS), 'index.js'))
  const { default: getReleasePlan } = require('@changesets/get-release-plan')
  const { releases } = await getReleasePlan(root)
  return releases.filter(({ type }) => type !== 'none')
}

/** Changes the versions according to the changesets, and removes the changesets. */
export async function applyChangesets(run) {
  run(process.execPath, [await ensureTool(...CHANGESETS), 'version'])
  for (const { path, config, version } of denoConfigs())
    writeFileSync(path, readFileSync(path, 'utf8').replace(`"${config.version}"`, `"${version}"`))
  run('npm', ['install', '--package-lock-only', '--no-audit', '--no-fund'])
}

/** The packages whose version for JSR differs from the version for npm. */
export function findVersionConflicts() {
  return denoConfigs()
    .filter(({ config, version }) => config.version !== version)
    .map(({ config, version }) => `${config.name}: ${config.version} for JSR, ${version} for npm`)
}

function denoConfigs() {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const path = join(root, 'packages', name, 'deno.json')
    const { version } = readJson(join(root, 'packages', name, 'package.json'))
    const config = readJson(path)
    return config ? [{ path, config, version }] : []
  })
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
