import { createMemoryStore, evertoken, type SessionStore } from '@evertoken/node'
import { ACCESS_TOKEN, CLAIMS, ORIGIN, REFRESH_TOKEN, SCOPE } from '../application.ts'
import { startLoopback } from '../loopback/start.ts'
import { type Peers, versionOf } from '../peers/install.ts'
import { quantile } from '../harness.ts'
import type { Row } from '../table.ts'

const TARGET = 1.1
const REQUESTS_PER_SECOND = 300
const WINDOW_SECONDS = 4
const ROUNDS = 5
/** With this lifetime, a token expires inside a window. */
const SHORT_SECONDS = 3
const LONG_SECONDS = 3600
/** A longer p99 without an expiry shows that other work occupies the machine. Then an expiry makes no difference. */
const MAX_CALM_MS = 10

/** Signs a user in, with a token of this lifetime, and returns one request of that user. */
type Prepare = (lifetimeSeconds: number) => Promise<() => Promise<unknown>>

/** A steady load of one user while the access token expires, compared with the same load without an expiry. */
export async function expiry(peers: Peers | undefined): Promise<Row[]> {
  const { url, stop } = await startLoopback()
  const subjects: Record<string, Prepare> = {
    'server session': sessions(url, 'server', createMemoryStore()),
    'cookie session': sessions(url, 'cookie', { ...createMemoryStore(), outlivesProcess: true }),
    'cookie session, store of this process': sessions(url, 'cookie', createMemoryStore()),
    ...(peers && { [`${versionOf('@badgateway/oauth2-client')}, \`mw()\``]: badgateway(url, peers) }),
  }
  const names = Object.keys(subjects)
  const taken = new Map(names.map((name) => [name, { without: [] as number[], with: [] as number[] }]))
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of names) {
      const without = await window(subjects[name], LONG_SECONDS)
      const during = await window(subjects[name], SHORT_SECONDS)
      if (round < 0) continue
      taken.get(name)?.without.push(without)
      taken.get(name)?.with.push(during)
    }
  }
  await stop()
  return names.map((name, place) => {
    const { without = [], with: during = [] } = taken.get(name) ?? {}
    const [calm, around] = [quantile(without, 0.5), quantile(during, 0.5)]
    const ratio = around / calm
    const isBusy = calm > MAX_CALM_MS
    const figures = `${ratio.toFixed(2)} × (${around.toFixed(2)} ms to ${calm.toFixed(2)} ms)`
    const measured = isBusy ? `the machine is too busy: ${figures}` : figures
    const isOurs = place < 2
    const what = `${isOurs ? '' : 'for comparison: '}p99 around an expiry, ${name}`
    return isOurs && !isBusy
      ? { what, target: `≤ ${TARGET} × without`, measured, met: ratio <= TARGET, isHeadline: true }
      : { what, target: '', measured, isHeadline: !isBusy && place === names.length - 1 }
  })
}

/** Returns the p99 of one window, in milliseconds. A latency starts when the request is due. */
async function window(prepare: Prepare | undefined, lifetimeSeconds: number): Promise<number> {
  if (!prepare) throw new Error('A subject is missing')
  const request = await prepare(lifetimeSeconds)
  const latencies: number[] = []
  const running: Promise<void>[] = []
  const start = performance.now()
  const total = REQUESTS_PER_SECOND * WINDOW_SECONDS
  const dueAt = (turn: number) => start + (turn * 1000) / REQUESTS_PER_SECOND
  async function one(due: number): Promise<void> {
    await request()
    latencies.push(performance.now() - due)
  }
  for (let turn = 0; turn < total;) {
    if (performance.now() >= dueAt(turn)) running.push(one(dueAt(turn++)))
    else await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(running)
  return quantile(latencies, 0.99)
}

function sessions(url: string, session: 'cookie' | 'server', store: SessionStore): Prepare {
  const auth = evertoken({
    issuer: url,
    clientId: 'web',
    clientSecret: 'benchmark',
    encryptionSecret: 'a benchmark does not need to keep this secret',
    baseUrl: ORIGIN,
    session,
    store,
  })
  const api = auth.createTokenFetch({ baseUrl: url })
  return async (lifetimeSeconds) => {
    const user = auth.session(new Request(ORIGIN))
    await user.startSession(
      {
        access_token: ACCESS_TOKEN,
        token_type: 'Bearer',
        expires_in: lifetimeSeconds,
        refresh_token: REFRESH_TOKEN,
        scope: SCOPE,
      },
      { claims: CLAIMS },
    )
    /** The cookies of the browser. */
    const jar = new Map<string, string>()
    const keep = (response: Response) => {
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
        if (value === '') jar.delete(name)
        else jar.set(name, value)
      }
    }
    keep(await user.commit(new Response()))
    return async () => {
      const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
      const response = await auth.handle(new Request(ORIGIN, { headers: { cookie } }), async () => {
        const orders = await api('/orders')
        return new Response(await orders.text(), { status: orders.status })
      })
      if (!response.ok) throw new Error(`The application responded with ${response.status}`)
      keep(response)
    }
  }
}

/** A library that refreshes an expired token while all callers wait. */
function badgateway(url: string, peers: Peers): Prepare {
  const { OAuth2Client, OAuth2Fetch } = peers.badgateway
  const client = new OAuth2Client({ server: url, clientId: 'web', tokenEndpoint: `${url}/token` })
  return (lifetimeSeconds) => {
    const token = {
      accessToken: ACCESS_TOKEN,
      refreshToken: REFRESH_TOKEN,
      expiresAt: Date.now() + lifetimeSeconds * 1000,
    }
    const wrapper = new OAuth2Fetch({
      client,
      scheduleRefresh: false,
      getStoredToken: () => token,
      getNewToken: () => Promise.reject(new Error('No new token here')),
    })
    return Promise.resolve(async () => {
      const response = await wrapper.mw()(new Request(`${url}/orders`), (sent) => fetch(sent))
      if (!response.ok) throw new Error(`The API responded with ${response.status}`)
      await response.text()
    })
  }
}
