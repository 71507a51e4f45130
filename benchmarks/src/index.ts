import { currentToken } from './rows/current-token.ts'
import { millionSessions } from './rows/million-sessions.ts'
import { firstSight, seenCookie } from './rows/sealed-cookie.ts'
import { type Row, printTable } from './table.ts'

const rows: Row[] = []
for (const measure of [currentToken, seenCookie, firstSight, millionSessions]) rows.push(...(await measure()))
console.log(`Node ${process.version}, ${process.arch}\n`)
printTable(rows)
