/** Runs all that is tested in a browser, and adds up. Usage: node test/browser/main.mjs (after `npm run build`) */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CLOSING = /^(\d+) passed, (\d+) failed$/m

let [passed, failed] = [0, 0]
for (const name of ['example', 'proxy', 'sessions', 'same-site', 'other-sites']) {
  const output = await run(fileURLToPath(new URL(`${name}.mjs`, import.meta.url)))
  // A run that broke off has no closing line.
  const [, some = 0, others = 1] = CLOSING.exec(output) ?? []
  passed += Number(some)
  failed += Number(others)
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** Shows the output of a program, and keeps it. */
function run(path) {
  const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    process.stdout.write(chunk)
    output += chunk
  })
  return new Promise((resolve) => child.on('close', () => resolve(output)))
}
