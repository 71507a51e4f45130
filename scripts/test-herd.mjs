// Thousands of sessions that expire together: node scripts/test-herd.mjs [--quick] [--only text]
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
await build({
  entryPoints: ['test/herd/main.ts', 'test/herd/application.ts'],
  absWorkingDir: root,
  outbase: 'test/herd',
  outdir: '.cache/herd',
  bundle: true,
  platform: 'node',
  format: 'esm',
  sourcemap: 'inline',
  conditions: ['@evertoken/source'],
})
const args = ['--enable-source-maps', '.cache/herd/main.js', ...process.argv.slice(2)]
const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal))
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
