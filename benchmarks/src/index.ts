// npm run bench -- [--only NAME]... [--no-peers]: all rows, or those of some groups. A run updates the tables of its groups.
import { parseArgs } from 'node:util'
import { openPeers } from './peers/install.ts'
import { connections } from './rows/connections.ts'
import { currentToken } from './rows/current-token.ts'
import { dpopFetchOnLoopback } from './rows/dpop-fetch.ts'
import { expiry } from './rows/expiry.ts'
import { hotPath } from './rows/hot-path.ts'
import { millionSessions } from './rows/million-sessions.ts'
import { firstSight, seenCookie } from './rows/sealed-cookie.ts'
import { tokenFetchOnLoopback } from './rows/token-fetch.ts'
import { printTable } from './table.ts'
import { type Group, writeTables } from './tables.ts'

const GROUPS: readonly Group[] = [
  { name: 'token', measure: currentToken },
  { name: 'cookie', measure: async () => [...(await seenCookie()), ...(await firstSight())] },
  { name: 'token-fetch', measure: tokenFetchOnLoopback },
  { name: 'dpop', measure: dpopFetchOnLoopback },
  { name: 'expiry', measure: expiry },
  { name: 'peers', measure: hotPath },
  { name: 'million-sessions', measure: millionSessions },
  { name: 'connections', measure: connections },
]

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    'no-peers': { type: 'boolean', default: false },
  },
})
const names = GROUPS.map(({ name }) => name)
const unknown = values.only.find((name) => !names.includes(name))
if (unknown !== undefined) throw new Error(`Unknown group '${unknown}'. Use one of: ${names.join(', ')}`)

const peers = values['no-peers'] ? undefined : await openPeers()
const tables = []
for (const { name, measure } of GROUPS) {
  if (values.only.length > 0 && !values.only.includes(name)) continue
  const rows = await measure(peers)
  tables.push({ name, rows })
  console.log(`\n${name}, Node ${process.version}, ${process.arch}\n`)
  printTable(rows)
}
if (peers) writeTables(tables, values.only.length === 0)

const promised = tables.flatMap(({ rows }) => rows.filter(({ met }) => met !== undefined))
for (const met of [true, false]) {
  const rows = promised.filter((row) => row.met === met)
  console.log(`\n${met ? 'Won' : 'Lost'}: ${rows.length} of ${promised.length}`)
  for (const { what, target, measured } of rows) console.log(`  ${what}: ${measured}, target ${target}`)
}
