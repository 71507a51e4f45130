/**
 * The authorization scenarios of the conformance suite of the Model Context Protocol, with a client that uses Evertoken. Then the
 * SDKs themselves and the example agent, with a server that ends a grant when a refresh token is used twice.
 * Usage: node test/mcp/main.mjs (after `npm run build`)
 */
import { runAgent } from './agent.mjs'
import { runConformance } from './conformance.mjs'
import { runSdks } from './sdks.mjs'
import { compileTypes } from './types.mjs'

const types = { run: 'types', scenario: 'the types of the SDKs', problem: await compileTypes() }
const rows = [types, ...(await runConformance()), ...(await runSdks()), ...(await runAgent())]
for (const { scenario, run, problem } of rows)
  console.log(
    `${problem === undefined ? 'ok  ' : 'FAIL'} ${run.padEnd(10)} ${scenario}${problem ? `: ${problem}` : ''}`,
  )
const failed = rows.filter(({ problem }) => problem !== undefined).length
console.log(`mcp: passed=${rows.length - failed} failed=${failed}`)
process.exit(failed === 0 ? 0 : 1)
