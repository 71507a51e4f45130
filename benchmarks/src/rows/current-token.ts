import { application, requestWith, signIn, tokenOf } from '../application.ts'
import { countCalls } from '../count-calls.ts'
import { allocatedBytes, interleave, single, type Timing } from '../harness.ts'
import { micros, type Row } from '../table.ts'

const ROUNDS = 100_000
const COUNTED_CALLS = 10_000
const TARGET = 3

/** A current token of a server session, from the memory store: in hand, and found by the async context. */
export async function currentToken(): Promise<Row[]> {
  const auth = application('server')
  const request = requestWith(await signIn(auth))
  const session = auth.session(request)
  const inHand = () => session.getUserAccessToken()
  await tokenOf(session)

  const alone = await interleave({ inHand: single(inHand) }, ROUNDS)
  const rows = [row('Current token, session in hand', alone.inHand)]
  // Once a request has been handled, this process tracks async context, which makes every promise dearer (Node < 24).
  await auth.handle(request, async () => {
    const ambient = () => auth.getUserAccessToken()
    await tokenOf(auth)
    const within = await interleave({ inHand: single(inHand), ambient: single(ambient) }, ROUNDS)
    rows.push(
      row('  the same inside "handle"', within.inHand),
      row('  found by async context', within.ambient),
    )
    rows.push(await allocation('  bytes allocated, in hand', inHand))
    rows.push(await allocation('  bytes allocated, async context', ambient))
    rows.push(...(await forbidden(ambient)))
    return new Response()
  })
  return rows
}

function row(what: string, { median, p99 }: Timing): Row {
  const measured = `${micros(median)} (p99 ${micros(p99)})`
  return { what, target: `≤ ${TARGET} µs`, measured, met: median <= TARGET }
}

async function allocation(what: string, call: () => Promise<unknown>): Promise<Row> {
  return { what, target: 'a few objects', measured: `${Math.round(await allocatedBytes(call))} bytes` }
}

async function forbidden(call: () => Promise<unknown>): Promise<Row[]> {
  const control = await countCalls(() => signIn(application('cookie')))
  if (control.crypto === 0) throw new Error('The count of crypto calls does not count')
  const { timers, crypto } = await countCalls(async () => {
    for (let i = 0; i < COUNTED_CALLS; i++) await call()
  })
  return [
    { what: `  timers in ${COUNTED_CALLS} calls`, target: '0', measured: String(timers), met: timers === 0 },
    {
      what: `  crypto calls in ${COUNTED_CALLS} calls`,
      target: '0',
      measured: String(crypto),
      met: crypto === 0,
    },
  ]
}
