import { ACCESS_TOKEN, application, requestWith, signIn } from '../application.ts'
import { interleave, type Sample, type Timing } from '../harness.ts'
import { startLoopback } from '../loopback/start.ts'
import { badgatewayMiddleware } from '../peers/badgateway.ts'
import { type Peers, versionOf } from '../peers/install.ts'
import type { Row } from '../table.ts'
import { type Call, compared, LOADS, timed, WARM_UP } from './loopback-calls.ts'

const TARGET = 0.97
/** A token fetch to a server on this machine, compared with `fetch` and the same header. */
export async function tokenFetchOnLoopback(peers: Peers | undefined): Promise<Row[]> {
  const api = await startLoopback()
  const auth = application('server')
  const request = requestWith(await signIn(auth))
  const url = `${api.url}/orders`
  const headers = { authorization: `Bearer ${ACCESS_TOKEN}` }
  const ours = auth.createTokenFetch({ baseUrl: api.url })
  const middleware = peers && badgatewayMiddleware(peers.badgateway)
  const calls: Record<string, Call> = {
    fetch: () => fetch(url, { headers }),
    evertoken: () => ours(url),
    ...(middleware && { badgateway: () => middleware(new Request(url), (sent) => fetch(sent)) }),
  }
  // The compiler of the runtime must have seen each subject as often as a server that has run for some time.
  await auth.handle(request, async () => {
    for (const call of Object.values(calls)) await timed(call, ...WARM_UP)
    return new Response()
  })
  const rows: Row[] = []
  for (const { connections, calls: each, rounds } of LOADS) {
    // Inside `handle`, as in an application: all subjects then pay for the async context of the process.
    const inside =
      (call: Call): Sample =>
      async () => {
        let sample = Number.NaN
        await auth.handle(request, async () => {
          sample = await timed(call, connections, each)
          return new Response()
        })
        return sample
      }
    const subjects = Object.entries(calls).map(([name, call]) => [name, inside(call)] as const)
    const times = await interleave(Object.fromEntries(subjects), rounds)
    const { fetch: plain, evertoken, badgateway } = times as Record<string, Timing | undefined>
    if (!plain || !evertoken) throw new Error('A subject is missing')
    const load = `${connections} ${connections === 1 ? 'connection' : 'connections'}`
    const ratio = plain.median / evertoken.median
    rows.push({
      what: `Token fetch, ${load}, compared with \`fetch\``,
      target: `≥ ${TARGET} of its calls/s`,
      measured: compared(plain, evertoken),
      met: ratio >= TARGET,
      isHeadline: true,
    })
    if (badgateway)
      rows.push({
        what: `for comparison: ${versionOf('@badgateway/oauth2-client')}, \`mw()\`, ${load}`,
        target: '',
        measured: compared(plain, badgateway),
      })
  }
  await api.stop()
  return rows
}
