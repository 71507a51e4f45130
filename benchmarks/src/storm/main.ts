// npm run bench:storm -- [--expiries N] [--no-peers]: one token request per expiry, however many processes and callers.
import { parseArgs } from 'node:util'
import { startPostgres, startRedis } from '../../../scripts/services.mjs'
import { compare } from './peers/compare.ts'
import { type Storm, storm } from './storm.ts'

const { values } = parseArgs({
  options: { expiries: { type: 'string', default: '500' }, 'no-peers': { type: 'boolean', default: false } },
})
const processes = 4
const callers = 50
const expiries = Number(values.expiries)

const services = { redis: await startRedis(), postgres: await startPostgres() }
const rows: ({ readonly where: string } & Storm)[] = []
let beside = true
try {
  if (!values['no-peers']) beside = await compare(services.redis.url)
  for (const store of ['redis', 'postgres'] as const) {
    for (const kind of ['cookie', 'server', 'dpop', 'connection', 'client'] as const) {
      const { url } = services[store]
      rows.push({
        where: `${store} ${kind}`,
        ...(await storm({ processes, callers, expiries, store, kind, url })),
      })
    }
  }
} finally {
  await Promise.all([services.redis.stop(), services.postgres.stop()])
}

console.log(
  'store     tokens      expiries  token requests  replays  failed  usable afterwards  token p99  call p99  waited beyond it  store median',
)
for (const row of rows) {
  const [store = '', kind = ''] = row.where.split(' ')
  const cells = [row.expiries, row.tokenRequests, row.replays, row.failed, row.lost === 0 ? 'yes' : 'NO']
  const widths = [8, 14, 7, 6, 17]
  const numbers = cells.map((cell, i) => String(cell).padStart(widths[i] ?? 0)).join('  ')
  const { roundTripP99, callP99, storeMedian } = row
  const measured = [roundTripP99, callP99, callP99 - roundTripP99, storeMedian.toFixed(1)]
  const times = measured.map((ms, i) => `${ms} ms`.padStart([9, 8, 16, 12][i] ?? 0)).join('  ')
  console.log(`${store.padEnd(8)}  ${kind.padEnd(10)}  ${numbers}  ${times}`)
}

const worst = (pick: (row: Storm) => number) => Math.max(...rows.map(pick))
const calls = worst((row) => Math.abs(row.tokenRequests / row.expiries - 1)) + 1
const summary = {
  processes,
  callers,
  expiries: Math.min(...rows.map((row) => row.expiries)),
  calls_per_expiry: calls.toFixed(3),
  replays: worst(({ replays }) => replays),
  lost: worst(({ lost }) => lost),
  failed: worst(({ failed }) => failed),
}
console.log(
  `storm: ${Object.entries(summary)
    .map((pair) => pair.join('='))
    .join(' ')}`,
)
const clean = summary.calls_per_expiry === '1.000' && summary.replays + summary.lost + summary.failed === 0
process.exit(clean && beside ? 0 : 1)
