// Publishes every package to npm, with provenance, and those with a `deno.json` to JSR.
//   npm run release -- --dry-run    does everything except uploading
//   npm run release -- --versions   applies the changesets in `.changeset/`, before the commit of a release
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { ARTIFACTS, buildPackages, packAll, root } from './packaging/packages.mjs'
import { applyChangesets, findVersionConflicts, planVersions } from './release/versions.mjs'
import { RUNTIMES } from './runtimes.mjs'
import { ensureDeno } from './tools.mjs'

/** A package is published after the packages that it depends on. */
const ORDER = ['core', 'node', 'deno', 'cloudflare', 'testkit', 'mcp']

const { values } = parseArgs({
  options: { 'dry-run': { type: 'boolean', default: false }, versions: { type: 'boolean', default: false } },
})
if (values.versions) await applyChangesets(run)
else await release(values['dry-run'])

async function release(isDryRun) {
  const planned = await planVersions()
  for (const { name, oldVersion, newVersion } of planned)
    console.log(`${name}: ${oldVersion} -> ${newVersion}`)
  if (planned.length > 0 && !isDryRun)
    throw new Error('There are changesets. Run `npm run release -- --versions` and commit the result.')
  const conflicts = findVersionConflicts()
  if (conflicts.length > 0) throw new Error(`Set the same version for npm and JSR. ${conflicts.join('. ')}.`)

  const flags = isDryRun ? ['--dry-run'] : []
  const packed = await packAll(await buildPackages(), ARTIFACTS)
  for (const { tarball } of packed.toSorted(byOrder)) run('npm', ['publish', tarball, ...flags])
  // A dry run may happen before the commit.
  run(await ensureDeno(RUNTIMES.deno), ['publish', ...flags, ...(isDryRun ? ['--allow-dirty'] : [])])
}

function byOrder(one, other) {
  const place = ({ name }) => ORDER.indexOf(name.split('/')[1])
  return place(one) - place(other)
}

function run(command, args) {
  execFileSync(command, args, { cwd: root, stdio: 'inherit' })
}
