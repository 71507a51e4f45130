import { dpop } from '@evertoken/core/dpop'
import { application, requestWith, signIn } from '../application.ts'
import { interleave, type Sample, type Timing } from '../harness.ts'
import { startLoopback } from '../loopback/start.ts'
import type { Row } from '../table.ts'
import { compared, LOADS, timed, WARM_UP } from './loopback-calls.ts'

const TARGET = 0.85
const KEYS = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
} as const

type Subject = 'Bearer' | keyof typeof KEYS

/** A token fetch with DPoP to a server on this machine, compared with the same token fetch without it. */
export async function dpopFetchOnLoopback(): Promise<Row[]> {
  const api = await startLoopback()
  const subjects = await Promise.all(
    (['Bearer', 'ES256', 'EdDSA'] as const).map(
      async (name) => [name, await createSubject(name, api.url)] as const,
    ),
  )
  for (const [, call] of subjects) await call(...WARM_UP)
  const rows: Row[] = []
  for (const { connections, calls, rounds } of LOADS) {
    const samples = subjects.map(([name, call]) => [name, () => call(connections, calls)] as const)
    const times = await interleave(Object.fromEntries(samples) as Record<Subject, Sample>, rounds)
    const load = `${connections} ${connections === 1 ? 'connection' : 'connections'}`
    rows.push(toRow(`Token fetch with DPoP, ${load}, compared with Bearer`, times.Bearer, times.ES256, true))
    rows.push(toRow(`for comparison: the same with Ed25519, ${load}`, times.Bearer, times.EdDSA, false))
  }
  await api.stop()
  return rows
}

/** Creates a function that makes calls as a signed-in user. It resolves to the microseconds of each call. */
async function createSubject(
  name: Subject,
  url: string,
): Promise<(connections: number, calls: number) => Promise<number>> {
  const isBound = name !== 'Bearer'
  const auth = application('server', undefined, isBound ? dpop({ algorithm: name }) : undefined)
  const request = requestWith(await signIn(auth, isBound ? await createKey(name) : undefined))
  const orders = auth.createTokenFetch({ baseUrl: url })
  return async (connections, calls) => {
    let each = Number.NaN
    await auth.handle(request, async () => {
      each = await timed(() => orders(`${url}/orders`), connections, calls)
      return new Response()
    })
    return each
  }
}

async function createKey(algorithm: keyof typeof KEYS): Promise<object> {
  const pair = await crypto.subtle.generateKey(KEYS[algorithm], true, ['sign', 'verify'])
  return crypto.subtle.exportKey('jwk', (pair as CryptoKeyPair).privateKey)
}

function toRow(what: string, bearer: Timing, bound: Timing, isPromised: boolean): Row {
  const measured = compared(bearer, bound)
  if (!isPromised) return { what, target: '', measured }
  const met = bearer.median / bound.median >= TARGET
  return { what, target: `≥ ${TARGET} of its calls/s`, measured, met }
}
