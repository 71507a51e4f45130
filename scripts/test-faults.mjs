// Every fault at every step, on whole applications: node scripts/test-faults.mjs [--runs 5000 | --once] [--seed 1] [--only text]
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
await build({
  entryPoints: ['test/faults/main.ts', 'test/faults/processes/driver.ts', 'test/faults/processes/child.ts'],
  absWorkingDir: root,
  outbase: 'test/faults',
  outdir: '.cache/faults',
  bundle: true,
  platform: 'node',
  format: 'esm',
  sourcemap: 'inline',
  conditions: ['@evertoken/source'],
})
const args = ['--enable-source-maps', '.cache/faults/main.js', ...process.argv.slice(2)]
const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
