/** Runs the contract of session stores on the real Deno KV, in the file that the first argument names. */
import { createDenoKvStore, type DenoKv } from '../src/index.ts'
import { runContract, sessionStoreContract } from '../../testkit/src/index.ts'

interface Deno {
  openKv(path: string): Promise<DenoKv & { close(): void }>
}

const { Deno } = globalThis as unknown as { Deno: Deno }
const path = process.argv[2] ?? ''

const [one, other] = [await Deno.openKv(path), await Deno.openKv(path)]
const cases = sessionStoreContract(() => createDenoKvStore(one), {
  secondStore: () => createDenoKvStore(other),
  largestRecord: 65_000,
  storeWithClock: (clock) => createDenoKvStore(one, { clock }),
})
const { passed, failed } = await runContract(cases)
for (const { name, error } of failed) process.stderr.write(`${name}: ${String(error)}\n`)
process.stdout.write(`stores: Deno KV passed=${passed} failed=${failed.length}\n`)

for (const kv of [one, other]) kv.close()
process.exitCode = failed.length === 0 ? 0 : 1
