// The modules of the OpenID Foundation's client tests: node scripts/test-conformance.mjs [--only text]
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
await build({
  entryPoints: ['test/conformance/main.ts'],
  absWorkingDir: root,
  outfile: '.cache/conformance/main.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  sourcemap: 'inline',
  conditions: ['@evertoken/source'],
})
const args = ['--enable-source-maps', '.cache/conformance/main.js', ...process.argv.slice(2)]
const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
