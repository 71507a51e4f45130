// The whole life of a grant with each preset of a provider: node scripts/test-dialects.mjs [name …]
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
await build({
  entryPoints: ['test/dialects/main.ts'],
  absWorkingDir: root,
  outfile: '.cache/dialects/main.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  sourcemap: 'inline',
  conditions: ['@evertoken/source'],
})
const args = ['--enable-source-maps', '.cache/dialects/main.js', ...process.argv.slice(2)]
const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal))
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
