// Fails if a public declaration has no doc comment, or a public function has no example. Needs the emitted declarations
// (`npm run types`). Usage: node scripts/docs.mjs
import { findUndocumented } from './measure/docs.mjs'

const { found, withoutExample, total } = findUndocumented()
for (const each of found) console.log(`${each} has no doc comment.`)
for (const each of withoutExample) console.log(`${each} has no @example.`)
process.exitCode = found.length + withoutExample.length > 0 ? 1 : 0
if (process.exitCode === 0) console.log(`All ${total} public declarations and members have doc comments.`)
