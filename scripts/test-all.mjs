// Runs every check and every test, and adds up what passed and failed.
// Each step installs its tools. Long suites run with fewer cases here, so that the whole takes less than 25 minutes.
// Usage: node scripts/test-all.mjs [step …]
import { spawn } from 'node:child_process'

/** These use all processors, or their results depend on time. So they run one after the other. */
const ALONE = [
  ['format', 'npm run format:check'],
  ['lint', 'npm run lint'],
  ['types', 'npm run types'],
  ['dialect', 'npm run dialect'],
  ['api', 'npm run api'],
  ['test', 'npm test'],
  ['burst', 'npm run test:burst'],
  ['exhaustive', 'npm run test:exhaustive'],
  ['mutants', 'npm run test:mutants -- --every 24'],
  // `npm test` has run the seeds before 61.
  ['simulation', 'npm run test:simulation -- --runs 140 --seed 61'],
  ['stores', 'npm run test:stores'],
  ['faults', 'npm run test:faults -- --runs 300 --seed 1'],
  ['herd', 'npm run test:herd -- --quick'],
  ['storm', 'npm run bench:storm -- --expiries 10 --no-peers'],
  ['demo', 'npm run demo'],
]

/** These mostly wait for downloads, for processes that start, and for browsers. So two of them run at the same time. */
const LANES = 2
const IN_LANES = [
  ['browser', 'npm run test:browser'],
  ['runtimes', 'npm run test:runtimes'],
  ['frameworks', 'npm run test:frameworks'],
  ['servers', 'npm run test:servers'],
  ['adapters', 'npm run test:adapters'],
  ['packages', 'npm run test:packages'],
  ['edge', 'npm run test:edge'],
  ['client-tokens', 'npm run test:client-tokens'],
  ['connections', 'npm run test:connections'],
  ['conformance', 'npm run test:conformance'],
  ['mcp', 'npm run test:mcp'],
  ['protocol', 'npm run test:protocol'],
  ['dialects', 'npm run test:dialects'],
  ['second-server', 'npm run test:second-server'],
  ['standards', 'npm run test:standards'],
]

/** The closing lines of vitest, and of the project's own scripts. */
const CLOSINGS = [
  /Tests .*?(?:(\d+) failed.*?)?(\d+) passed/g,
  /passed=(\d+) failed=(\d+)/g,
  /(\d+) passed, (\d+) failed/g,
]
// oxlint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[\d;]*m/g

/** The lines about a failure in the formats of all steps. */
const FAILURE =
  /^(?:FAIL|×|not ok|violation|failed:|seed \d+:|reproduce:|\w*Error\b.*: )|✗|: failed \(|\bFAILED\b|SURVIVED|CANNOT BE MADE|took longer than/
const MAX_FAILURES = 8

/** A step that takes longer hangs. */
const STEP_MS = 900_000

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

const wanted = process.argv.slice(2)
const [alone, inLanes] = [ALONE, IN_LANES].map((steps) =>
  steps.filter(([name]) => wanted.length === 0 || wanted.includes(name)),
)
const results = []
// The download of the browser takes minutes, so it runs beside the first steps. If it fails, its step tries again.
if (wanted.length === 0)
  spawn('sh', ['scripts/ensure-chromium.sh'], { stdio: 'ignore' }).on('error', () => undefined)
for (const [name, command] of alone) {
  console.log(titleOf(name, command))
  await perform(name, command, (chunk, stream) => stream.write(chunk))
}
await Promise.all(Array.from({ length: LANES }, runLane))

console.log()
for (const { name, status, seconds, cpuSeconds, passed, failed, failures } of results) {
  console.log(
    `${status === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(13)} ${seconds}s cpu=${cpuSeconds}s passed=${passed} failed=${failed}`,
  )
  for (const line of failures) console.log(`       ${line}`)
}
const total = (key) => results.reduce((all, result) => all + result[key], 0)
console.log(`${total('passed')} passed, ${total('failed')} failed`)
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1

/** Prints the output of a step when the step has ended, so that the lanes do not mix their lines. */
async function runLane() {
  for (let step = inLanes.shift(); step; step = inLanes.shift()) {
    const [name, command] = step
    let output = ''
    await perform(name, command, (chunk) => (output += chunk))
    console.log(`${titleOf(name, command)}\n${output}`)
  }
}

function titleOf(name, command) {
  return `\n=== ${name}: ${command}`
}

async function perform(name, command, show) {
  const startedAt = performance.now()
  const { status, output, cpuSeconds } = await run(command, show)
  results.push({
    name,
    status,
    seconds: Math.round((performance.now() - startedAt) / 1000),
    cpuSeconds,
    ...count(output, status),
    failures: status === 0 ? [] : failuresIn(output),
  })
}

/** Runs a command, shows and returns its output, and measures the CPU time of all its processes. */
function run(command, show) {
  return new Promise((resolve) => {
    // The shell reports the times on its own descriptor, which the command does not inherit.
    const measured = `{ ${command}; } 3>&-; status=$?; times >&3; exit $status`
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe']
    // A separate process group lets us end the command with all processes that it started.
    const child = spawn('bash', ['-c', measured], { stdio, detached: true })
    const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')
    let output = ''
    let times = ''
    const add = (chunk, stream) => {
      show(chunk, stream)
      output += chunk
    }
    const hangs = setTimeout(() => {
      add(`took longer than ${STEP_MS / 1000} s: ${command}\n`, process.stderr)
      end()
    }, STEP_MS)
    process.once('exit', end)
    child.stdout.on('data', (chunk) => add(chunk, process.stdout))
    child.stderr.on('data', (chunk) => add(chunk, process.stderr))
    child.stdio[3].on('data', (chunk) => (times += chunk))
    child.on('close', (status) => {
      clearTimeout(hangs)
      process.off('exit', end)
      resolve({
        status: status ?? 1,
        output: output.replace(COLOURS, ''),
        cpuSeconds: Math.round(secondsIn(times)),
      })
    })
  })
}

/** Adds up the times that the shell prints, such as `0m1.204s`. */
function secondsIn(times) {
  return [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (all, [, minutes, seconds]) => all + 60 * Number(minutes) + Number(seconds),
    0,
  )
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
