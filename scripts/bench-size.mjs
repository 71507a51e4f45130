// Prints the size of each entry in a bundle, minified and gzipped, next to its peers. Usage: node scripts/bench-size.mjs
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle, WORKERS } from './packaging/bundles.mjs'
import { root } from './packaging/packages.mjs'
import { ensurePackage } from './tools.mjs'

const SOURCE = ['@evertoken/source', 'workerd', 'worker', 'import']

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

const sizes = {}
for (const [name, code] of Object.entries(WORKERS))
  sizes[name] = (await bundle(code, root, { conditions: SOURCE })).gzipped

const rows = []
for (const entry of ownEntries()) rows.push(await row(entry, entry, root, SOURCE))
for (const { name, version, without } of PEERS) {
  const folder = await ensurePackage(name, version)
  rows.push(await row(`${name} ${version}`, name, folder, ['worker', 'import'], without))
}

const width = Math.max(...rows.map(([label]) => label.length))
const print = (cells) =>
  console.log(`| ${cells[0].padEnd(width)} | ${cells[1].padStart(9)} | ${cells[2].padStart(9)} |`)
print(['whole entry', 'minified', 'gzipped'])
print(['-'.repeat(width), '-'.repeat(9), '-'.repeat(9)])
rows.forEach(print)
console.log(
  `size: ${Object.entries(sizes)
    .map(([name, bytes]) => `${name}=${bytes}B`)
    .join(' ')}`,
)

function ownEntries() {
  const manifests = readdirSync(join(root, 'packages')).map((name) =>
    join(root, 'packages', name, 'package.json'),
  )
  return manifests.flatMap((path) => {
    const { name, exports } = JSON.parse(readFileSync(path, 'utf8'))
    const keys = Object.keys(exports).filter((key) => !key.endsWith('.json'))
    return keys.map((key) => name + key.slice(1))
  })
}

async function row(label, entry, folder, conditions, without) {
  const { bytes, gzipped } = await bundle(`export * from '${entry}'`, folder, { conditions, without })
  return [label, `${bytes} B`, `${gzipped} B`]
}
