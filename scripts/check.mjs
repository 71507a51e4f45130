// Runs the checks that each commit must pass, and prints the output of those that fail. Usage: node scripts/check.mjs
import { spawn } from 'node:child_process'

/** Needed by the others. */
const BUILD = { types: 'npm run types' }
/** Lanes run at the same time, and the steps of a lane one after the other. */
const LANES = [
  // Most tests wait, so that there can be more threads than processors.
  { tests: 'npx vitest run --project unit --project architecture --maxWorkers 6 --reporter=minimal' },
  {
    format: 'npm run format:check',
    dialect: 'npm run dialect',
    lint: 'npm run lint',
    api: 'npm run api',
    docs: 'npm run docs',
    size: 'npm run bench:size -- --check',
    model: 'npm run test:model -- --runs 100 --seed 1',
    burst: 'npm run test:burst -- 5',
  },
]

const passed = (await runLane(BUILD)) && (await Promise.all(LANES.map(runLane))).every(Boolean)
process.exitCode = passed ? 0 : 1

async function runLane(steps) {
  let passedAll = true
  for (const [name, command] of Object.entries(steps)) passedAll = (await runStep(name, command)) && passedAll
  return passedAll
}

async function runStep(name, command) {
  const startedAt = performance.now()
  const { status, output } = await run(command)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} ${seconds} s`)
  if (status !== 0) console.log(output)
  return status === 0
}

function run(command) {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('close', (status) => resolve({ status, output }))
  })
}
