// Compares the public API with the snapshots in `api/`. Needs the emitted declarations (`npm run types`).
// Usage: node scripts/api.mjs [--update]
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeEntry } from './api/describe.mjs'
import { findUnexported } from './api/unexported.mjs'
import { forEachEntry, root } from './api/entries.mjs'

const isUpdate = process.argv.includes('--update')
const folder = isUpdate ? 'api' : '.cache/api'
rmSync(join(root, folder), { recursive: true, force: true })
mkdirSync(join(root, folder), { recursive: true })
const unexported = []
forEachEntry((entry, symbols, project) => {
  unexported.push(...findUnexported(entry, symbols, project))
  writeFileSync(join(root, folder, `${entry.name}.txt`), describeEntry(entry, symbols, project))
})
if (!isUpdate) compare()
if (unexported.length > 0) {
  console.log(`Export these types, so that applications can name them:\n${unexported.join('\n')}`)
  process.exitCode = 1
}

function compare() {
  const { status } = spawnSync('git', ['--no-pager', 'diff', '--no-index', 'api', folder], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status
  if (status === 0) console.log('The public API is the one of the snapshots.')
  else console.log('The public API has changed. If that is intended, run `npm run api -- --update`.')
}
