// Packs every package, installs the tarballs into an empty project, and checks there what users would get.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from './packaging/bundles.mjs'
import { checkContents } from './packaging/contents.mjs'
import { importers } from './packaging/imports.mjs'
import { buildPackages, installPacked, run } from './packaging/packages.mjs'
import { QUICK_STARTS, runQuickStart } from './packaging/quick-start.mjs'
import { findSizeProblems, measureSizes } from './packaging/sizes.mjs'
import { typeChecks, unusedEntries } from './packaging/types.mjs'
import { ensureTool } from './tools.mjs'

const PORTABLE = ['core', 'deno', 'cloudflare']
const MAX_STORE_BYTES = 4000
let passed = 0
let failed = 0

const home = await mkdtemp(join(tmpdir(), 'evertoken-packages-'))
try {
  const { project, packages } = await installPacked(await buildPackages(), home)
  await checkEachPackage(packages)
  await checkImports(project, packages)
  await check('types: every entry is used', async () =>
    assert.deepEqual(await unusedEntries(packages.flatMap(({ entries }) => entries)), []),
  )
  for (const [name, typeCheck] of Object.entries(typeChecks(project)))
    await check(`types: ${name}`, typeCheck)
  await checkBundles(project, packages)
  for (const quickStart of QUICK_STARTS)
    await check(`${quickStart.document}: the quick start runs`, () => runQuickStart(project, quickStart))
} finally {
  await rm(home, { recursive: true, force: true })
}
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

async function check(title, test) {
  try {
    await test()
    passed += 1
    console.log(`ok   ${title}`)
  } catch (error) {
    failed += 1
    console.log(`FAIL ${title}\n${[error.message, error.stdout, error.stderr].filter(Boolean).join('\n')}`)
  }
}

async function checkEachPackage(packages) {
  const publint = await ensureTool('publint', '0.3.25')
  const attw = await ensureTool('@arethetypeswrong/cli', '0.18.5')
  for (const { name, ...rest } of packages) {
    await check(`${name}: files`, async () => assert.deepEqual(await checkContents(rest), []))
    await check(`${name}: publint`, async () => {
      const { stdout } = await run(process.execPath, [publint, rest.installed, '--strict'])
      assert.match(stdout, /All good/)
    })
    await check(`${name}: are the types wrong`, () =>
      run(process.execPath, [attw, rest.tarball, '--profile', 'esm-only']),
    )
  }
}

/** Every entry can be imported everywhere, and is the same everywhere. */
async function checkImports(project, packages) {
  const entries = packages.flatMap((each) => each.entries)
  let first
  for (const [name, importAll] of Object.entries(importers(project, entries))) {
    await check(`import: ${name}, ${entries.length} entries`, async () => {
      const names = await importAll()
      first ??= names
      assert.deepEqual(names, first)
      for (const entry of entries) assert.ok(names[entry].length > 0, `${entry} exports nothing`)
    })
  }
}

async function checkBundles(project, packages) {
  for (const { entries } of packages.filter(({ name }) => PORTABLE.includes(name.split('/')[1]))) {
    for (const entry of entries) {
      await check(`bundle: ${entry} reaches no module of a runtime`, async () => {
        const { external } = await bundle(`export * from '${entry}'`, project)
        // The entry for a framework imports it while a request is handled.
        const framework = entry.split('/')[2]
        assert.deepEqual(
          external.filter((name) => !name.startsWith(`${framework}/`)),
          [],
        )
      })
    }
  }
  await check(
    'bundle: every entry stays within its budget, and the documentation states the sizes',
    async () => {
      const entries = packages.flatMap((each) => each.entries)
      assert.deepEqual(await findSizeProblems(await measureSizes(entries, project)), [])
    },
  )
  await check('bundle: unused code is left out', async () => {
    const { bytes } = await bundle(`export { createMemoryStore } from '@evertoken/core'`, project)
    assert.ok(bytes < MAX_STORE_BYTES, `The memory store takes ${bytes} bytes`)
  })
}
