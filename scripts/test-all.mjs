// Runs every check and every test, one after the other, and adds up what passed and failed.
// Each step installs its tools. Long suites run with fewer cases here, so that the whole takes less than 30 minutes.
// Usage: node scripts/test-all.mjs [step …]
import { spawn } from 'node:child_process'

const steps = [
  ['format', 'npm run format:check'],
  ['lint', 'npm run lint'],
  ['types', 'npm run types'],
  ['dialect', 'npm run dialect'],
  ['api', 'npm run api'],
  ['test', 'npm test'],
  ['burst', 'npm run test:burst'],
  ['exhaustive', 'npm run test:exhaustive'],
  ['mutants', 'npm run test:mutants -- --every 12'],
  ['simulation', 'npm run test:simulation -- --runs 300 --seed 1'],
  ['stores', 'npm run test:stores'],
  ['faults', 'npm run test:faults -- --runs 300 --seed 1'],
  ['herd', 'npm run test:herd -- --quick'],
  ['storm', 'npm run bench:storm -- --expiries 10 --no-peers'],
  ['demo', 'npm run demo'],
  ['browser', 'npm run test:browser'],
  ['frameworks', 'npm run test:frameworks'],
  ['second-server', 'npm run test:second-server'],
  ['conformance', 'npm run test:conformance'],
  ['servers', 'npm run test:servers'],
  ['dialects', 'npm run test:dialects'],
  ['client-tokens', 'npm run test:client-tokens'],
  ['protocol', 'npm run test:protocol'],
  ['connections', 'npm run test:connections'],
  ['mcp', 'npm run test:mcp'],
  ['standards', 'npm run test:standards'],
  ['adapters', 'npm run test:adapters'],
  ['runtimes', 'npm run test:runtimes'],
  ['edge', 'npm run test:edge'],
  ['packages', 'npm run test:packages'],
]

/** The closing lines of vitest, and of the project's own scripts. */
const CLOSINGS = [
  /Tests .*?(?:(\d+) failed.*?)?(\d+) passed/g,
  /passed=(\d+) failed=(\d+)/g,
  /(\d+) passed, (\d+) failed/g,
]
// oxlint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[\d;]*m/g

const FAILURE = /^(FAIL|×|not ok|violation)|SURVIVED|CANNOT BE MADE|Error: /
const MAX_FAILURES = 8

/** A step that takes longer hangs. */
const STEP_MS = 900_000

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

const wanted = process.argv.slice(2)
const results = []
// The download of the browser takes minutes, so it runs beside the first steps. If it fails, its step tries again.
if (wanted.length === 0)
  spawn('sh', ['scripts/ensure-chromium.sh'], { stdio: 'ignore' }).on('error', () => undefined)
for (const [name, command] of steps) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n=== ${name}: ${command}`)
  const startedAt = performance.now()
  const { status, output } = await run(command)
  results.push({
    name,
    status,
    seconds: Math.round((performance.now() - startedAt) / 1000),
    ...count(output, status),
    failures: status === 0 ? [] : failuresIn(output),
  })
}

console.log()
for (const { name, status, seconds, passed, failed, failures } of results) {
  console.log(
    `${status === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(13)} ${seconds}s passed=${passed} failed=${failed}`,
  )
  for (const line of failures) console.log(`       ${line}`)
}
const total = (key) => results.reduce((all, result) => all + result[key], 0)
console.log(`${total('passed')} passed, ${total('failed')} failed`)
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1

/** Runs a command, and shows and returns its output. */
function run(command) {
  return new Promise((resolve) => {
    // A separate process group lets us end the command with all processes that it started.
    const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')
    const hangs = setTimeout(() => {
      console.error(`took longer than ${STEP_MS / 1000} s: ${command}`)
      end()
    }, STEP_MS)
    process.once('exit', end)
    let output = ''
    for (const [stream, target] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.on('data', (chunk) => {
        target.write(chunk)
        output += chunk
      })
    }
    child.on('close', (status) => {
      clearTimeout(hangs)
      process.off('exit', end)
      resolve({ status: status ?? 1, output: output.replace(COLOURS, '') })
    })
  })
}

/** Returns the lines about failures, so that the end of a long output shows them. */
function failuresIn(output) {
  const lines = output.split('\n').map((line) => line.trim())
  const telling = lines.filter((line) => FAILURE.test(line))
  return (telling.length > 0 ? [...new Set(telling)] : lines.filter(Boolean)).slice(-MAX_FAILURES)
}

/** A step that prints no numbers is one test. */
function count(output, status) {
  const [vitest, own, plain] = CLOSINGS.map((closing) => [...output.matchAll(closing)])
  if (vitest.length > 0)
    return sum(
      vitest.map(([, failed = 0, passed]) => [passed, failed]),
      status,
    )
  if (plain.length > 0) return sum([plain.at(-1).slice(1)], status)
  if (own.length > 0)
    return sum(
      own.map((match) => match.slice(1)),
      status,
    )
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

function sum(pairs, status) {
  const passed = pairs.reduce((all, [more]) => all + Number(more), 0)
  const failed = pairs.reduce((all, [, more]) => all + Number(more), 0)
  return { passed, failed: status === 0 ? failed : Math.max(failed, 1) }
}
