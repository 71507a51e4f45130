// One process of the fleet: an application on a store that all of them share.
import { createHash } from 'node:crypto'
import { evertoken, type EvertokenEvent, type SessionStore } from '@evertoken/node'
import { createConnections } from '@evertoken/node/connections'
import { createShiftableClock } from '@evertoken/testkit'
import { dpop } from '@evertoken/core/dpop'
import { clientCredentials } from '@evertoken/core/grants'
import { createRedisStore } from '@evertoken/core/redis'
import { createPostgresStore } from '@evertoken/core/sql'
import { Pool } from 'pg'
import { createClient } from 'redis'
import type { FromProcess, Round, RoundResult, Start, ToProcess } from './messages.ts'

const ORIGIN = 'https://app.example.com/'
/** Rounds move it, so that every token has expired. */
const clock = createShiftableClock()

async function openStore({ store, url }: Start): Promise<SessionStore> {
  if (store === 'redis')
    return createRedisStore({ client: await createClient({ url }).connect(), now: clock.now })
  const postgres = createPostgresStore({ client: new Pool({ connectionString: url, max: 10 }), clock })
  await postgres.createSchema()
  return postgres
}

/** The same store, which notes how long each of its operations took. */
function timed({ read, swap, remove, ...store }: SessionStore, times: number[]): SessionStore {
  async function time<T>(work: Promise<T>): Promise<T> {
    const startedAt = performance.now()
    const result = await work
    times.push(performance.now() - startedAt)
    return result
  }
  return {
    ...store,
    read: (key) => time(read(key)),
    swap: (key, expected, record, expiresAt) => time(swap(key, expected, record, expiresAt)),
    remove: (key) => time(remove(key)),
  }
}

async function serve(
  start: Start,
): Promise<{ run(round: Round): Promise<RoundResult>; signIn(response: unknown): Promise<RoundResult> }> {
  const roundTrips: number[] = []
  const storeTimes: number[] = []
  const client = {
    issuer: start.issuer,
    clientId: 'web',
    clientSecret: 'web-secret-for-tests-only',
  }
  const shared = {
    encryptionSecret: 'a secret of thirty-two characters',
    store: timed(await openStore(start), storeTimes),
    clock,
    onEvent(event: EvertokenEvent) {
      if (event.type === 'token_refreshed' || event.type === 'token_granted')
        roundTrips.push(event.durationMs)
    },
  }
  const connection = createConnections({ ...shared, providers: { calendar: client } }).get(
    'user-1',
    'calendar',
  )
  const auth = evertoken({
    ...client,
    ...shared,
    baseUrl: ORIGIN,
    session: start.kind === 'cookie' ? 'cookie' : 'server',
    ...(start.kind === 'dpop' && { senderConstraint: dpop() }),
    client: clientCredentials(),
  })

  function requestToken(wanted?: { readonly resource: string }) {
    if (start.kind === 'connection') return connection.getAccessToken(wanted)
    return start.kind === 'client' ? auth.getClientAccessToken(wanted) : auth.getUserAccessToken(wanted)
  }

  async function call(cookie: string, resource: string) {
    const startedAt = performance.now()
    const request = new Request(ORIGIN, { headers: { cookie } })
    const response = await auth.handle(request, async () => {
      const wanted = resource === '' ? undefined : { resource }
      const token = await requestToken(wanted)
      return new Response(token && fingerprint(token.value), { status: token ? 200 : 401 })
    })
    const token = await response.text()
    const latency = performance.now() - startedAt
    return { resource, token, ok: response.ok, latency, setCookie: response.headers.getSetCookie() }
  }

  return {
    async run({ advanceSeconds, callers, resources, cookie }) {
      clock.advance(advanceSeconds)
      roundTrips.length = 0
      storeTimes.length = 0
      const calls = Array.from({ length: callers }, (_, i) =>
        call(cookie, resources[i % resources.length] ?? ''),
      )
      const settled = await Promise.allSettled(calls)
      const done = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      for (const each of settled) if (each.status === 'rejected') console.error(describeError(each.reason))
      const ok = done.filter((each) => each.ok)
      return {
        ok: ok.length,
        failed: callers - ok.length,
        tokens: Object.fromEntries(
          resources.map((resource) => [
            resource,
            [...new Set(ok.filter((each) => each.resource === resource).map(({ token }) => token))],
          ]),
        ),
        latencies: done.map(({ latency }) => latency),
        roundTrips: [...roundTrips],
        storeTimes: [...storeTimes],
        setCookie: done.find(({ setCookie }) => setCookie.length > 0)?.setCookie ?? [],
      }
    },
    async signIn(tokenResponse) {
      if (start.kind === 'connection') {
        await connection.save(tokenResponse)
        return SIGNED_IN
      }
      const session = auth.session(new Request(ORIGIN))
      const proofKey = start.kind === 'dpop' ? await createProofKey() : undefined
      await session.startSession(tokenResponse, { claims: { sub: 'user-1' }, ...(proofKey && { proofKey }) })
      const response = await session.commit(new Response())
      return { ...SIGNED_IN, setCookie: response.headers.getSetCookie() }
    },
  }
}

const SIGNED_IN: RoundResult = {
  ok: 1,
  failed: 0,
  tokens: {},
  latencies: [],
  roundTrips: [],
  storeTimes: [],
  setCookie: [],
}

async function createProofKey(): Promise<object> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return crypto.subtle.exportKey('jwk', privateKey)
}

function describeError(error: unknown): string {
  const { name, code = '' } = error as { readonly name: string; readonly code?: string }
  return `a call failed: ${name} ${code}`
}

function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('base64url').slice(0, 12)
}

function send(message: FromProcess): void {
  process.send?.(message)
}

let application: ReturnType<typeof serve> | undefined
process.on('message', (message: ToProcess) => {
  answer(message).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

async function answer(message: ToProcess): Promise<void> {
  if ('start' in message) {
    await (application = serve(message.start))
    return send({ ready: true })
  }
  const served = await application
  if (!served) return
  send({ result: await ('round' in message ? served.run(message.round) : served.signIn(message.signIn)) })
}
