import { application, requestWith, signIn, tokenOf } from '../application.ts'
import { countCalls } from '../count-calls.ts'
import { allocatedBytes, each, interleave, type Sample, type Timing } from '../harness.ts'
import { auth0InMemory } from '../peers/auth0.ts'
import { badgatewayInMemory } from '../peers/badgateway.ts'
import { type Peers, versionOf } from '../peers/install.ts'
import { micros, type Row } from '../table.ts'

const ROUNDS = 3000
const CALLS_PER_ROUND = 100
const COUNTED_CALLS = 10_000
const TARGET = 0.5
const TARGET_BYTES = 2048

type Call = () => Promise<unknown>

/** A current token of a server session, from the memory store: of an explicit session, and found by the async context. */
export async function currentToken(peers: Peers | undefined): Promise<Row[]> {
  const auth = application('server')
  const request = requestWith(await signIn(auth))
  const session = auth.session(request)
  const explicit = () => session.getUserAccessToken()
  const others: Record<string, Call> = peers
    ? {
        [`${versionOf('@auth0/auth0-server-js')}, its own \`Map\``]: await auth0InMemory(peers.auth0),
        [`${versionOf('@badgateway/oauth2-client')}, one user`]: badgatewayInMemory(peers.badgateway),
      }
    : {}
  await tokenOf(session)

  const outside = await interleave({ explicit: rounds(explicit), ...mapped(others) }, ROUNDS)
  const rows = [
    { ...row('Current token, explicit session', outside.explicit), isHeadline: true },
    ...compared(others, outside),
  ]
  // Once a request was handled, this process tracks async context, so every promise is slower (Node < 24).
  await auth.handle(request, async () => {
    const ambient = () => auth.getUserAccessToken()
    await tokenOf(auth)
    const subjects = { explicit: rounds(explicit), ambient: rounds(ambient), ...mapped(others) }
    const inside = await interleave(subjects, ROUNDS)
    rows.push(
      row('the same inside `handle`', inside.explicit),
      row('found by async context', inside.ambient),
      ...compared(others, inside),
      await allocation('bytes allocated, explicit session', explicit, TARGET_BYTES),
      await allocation('bytes allocated, async context', ambient, TARGET_BYTES),
    )
    for (const [name, call] of Object.entries(others))
      rows.push(await allocation(`for comparison: bytes, ${name}`, call))
    rows.push(...(await forbidden(ambient)))
    return new Response()
  })
  return rows
}

function rounds(call: Call): Sample {
  return each(() => Array.from({ length: CALLS_PER_ROUND }, (_, i) => i), call)
}

function mapped(calls: Readonly<Record<string, Call>>): Record<string, Sample> {
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, rounds(call)]))
}

function row(what: string, { median }: Timing): Row {
  return { what, target: `≤ ${TARGET} µs`, measured: micros(median), met: median <= TARGET }
}

function compared(
  calls: Readonly<Record<string, Call>>,
  times: Readonly<Record<string, Timing | undefined>>,
): Row[] {
  return Object.keys(calls).map((name) => {
    return {
      what: `for comparison: ${name}`,
      target: '',
      measured: micros(times[name]?.median ?? Number.NaN),
    }
  })
}

async function allocation(what: string, call: Call, target?: number): Promise<Row> {
  const bytes = await allocatedBytes(call)
  const measured = `${Math.round(bytes)} bytes`
  return target === undefined
    ? { what, target: '', measured }
    : { what, target: `≤ ${target} bytes`, measured, met: bytes <= target }
}

async function forbidden(call: Call): Promise<Row[]> {
  const control = await countCalls(() => signIn(application('cookie')))
  if (control.crypto === 0) throw new Error('The count of crypto calls does not count')
  const { timers, crypto } = await countCalls(async () => {
    for (let i = 0; i < COUNTED_CALLS; i++) await call()
  })
  return [
    { what: `timers in ${COUNTED_CALLS} calls`, target: '0', measured: String(timers), met: timers === 0 },
    {
      what: `crypto calls in ${COUNTED_CALLS} calls`,
      target: '0',
      measured: String(crypto),
      met: crypto === 0,
    },
  ]
}
