// Prints the size of each entry in a bundle, minified and gzipped, next to its peers, and then what each feature adds.
// Usage: node scripts/bench-size.mjs [--update-budget | --check]
// With --check, it only compares the built packages with their budget and the documentation.
import { listEntries } from './api/entries.mjs'
import { bundle, WORKERS } from './packaging/bundles.mjs'
import { buildPackages, root } from './packaging/packages.mjs'
import {
  addedBy,
  findPresetProblems,
  findSizeProblems,
  measureFeatures,
  measurePresets,
  measureSizes,
  writeBudget,
} from './packaging/sizes.mjs'
import { ensurePackage } from './tools.mjs'

/** A peer is measured without the packages that it expects from the application. */
const PEERS = [
  { name: '@badgateway/oauth2-client', version: '3.3.1' },
  { name: 'oauth4webapi', version: '3.8.8' },
  { name: 'iron-session', version: '8.0.4' },
  { name: '@hono/oidc-auth', version: '1.8.1', without: ['hono'] },
  { name: '@workos/authkit-session', version: '0.7.1' },
  { name: '@auth0/auth0-server-js', version: '1.12.1' },
  { name: '@atproto/oauth-client', version: '0.8.7' },
  { name: 'better-auth', version: '1.7.25' },
]

const isCheck = process.argv.includes('--check')
if (!isCheck) await buildPackages()
const entries = listEntries().map(({ entry }) => entry)
const own = await measureSizes(entries, root)
const presets = await measurePresets(root)
if (isCheck) {
  const problems = [...(await findSizeProblems(own)), ...findPresetProblems(presets)]
  console.log([...problems, `${problems.length} problems with the sizes of bundles`].join('\n'))
  process.exit(problems.length > 0 ? 1 : 0)
}
if (process.argv.includes('--update-budget')) await writeBudget(own)
for (const row of own) row.added = await addedBy(row.name, root)

const peers = []
for (const { name, version, without } of PEERS) {
  const folder = await ensurePackage(name, version)
  const sizes = await bundle(`export * from '${name}'`, folder, { conditions: ['worker', 'import'], without })
  peers.push({ name: `${name} ${version}`, ...sizes })
}

const rows = [...own, ...presets, ...peers]
const width = Math.max(...rows.map(({ name }) => name.length))
// The last column is the gzipped size that an optional entry adds to the main entry of its package.
print('bundle', 'minified', 'gzipped', 'added')
print('-'.repeat(width), '-'.repeat(9), '-'.repeat(9), '-'.repeat(9))
for (const { name, bytes, gzipped, added } of rows)
  print(name, `${bytes} B`, `${gzipped} B`, added === undefined ? '' : `+${added} B`)
console.log()
const features = await measureFeatures(entries, root)
const widest = Math.max(...features.map(({ name }) => name.length))
console.log(`| ${'feature, added to a Worker with all handlers'.padEnd(widest)} | gzipped |`)
console.log(`| ${'-'.repeat(widest)} | ------- |`)
for (const { name, added } of features)
  console.log(`| ${name.padEnd(widest)} | ${`+${added} B`.padStart(7)} |`)
console.log()
const workers = own.filter(({ name }) => name in WORKERS)
console.log(`size: ${workers.map(({ name, gzipped }) => `${name}=${gzipped}B`).join(' ')}`)

function print(name, ...cells) {
  console.log(`| ${[name.padEnd(width), ...cells.map((cell) => cell.padStart(9))].join(' | ')} |`)
}
