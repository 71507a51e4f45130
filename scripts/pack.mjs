// Builds every package and writes its tarball into `artifacts/`, to install it before it is on a registry.
// Usage: node scripts/pack.mjs
import { relative } from 'node:path'
import { ARTIFACTS, buildPackages, packAll, root } from './packaging/packages.mjs'

for (const { name, tarball } of await packAll(await buildPackages(), ARTIFACTS))
  console.log(`${name}: ${relative(root, tarball)}`)
