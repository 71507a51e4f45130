import { createMemoryStore } from '@evertoken/core'
import { createRedisStore } from '@evertoken/core/redis'
import { type Connection, createConnections } from '@evertoken/node/connections'
import { createAuthorizationServer } from '@evertoken/testkit'
import { createClient } from 'redis'
import { startRedis } from '../../../scripts/services.mjs'
import { each, interleave, type Sample, type Timing } from '../harness.ts'
import { micros, type Row } from '../table.ts'
import { shuffled } from './many-sessions.ts'

const MANY = 1_000_000
const ROUNDS = 20
const USED = 100
const TARGET = 1.25
/** About the size of a sealed record. */
const RECORD = 'x'.repeat(200)
const BATCH = 10_000

const EXPIRIES = 10_000
const MOST_SECONDS = 60
const LIFETIME = 3600
const RESPONSE_MS = 20

const options = {
  encryptionSecret: 'a secret of thirty-two characters',
  serverTimeoutSeconds: 120,
} as const

/** What a call on a stored connection costs, in a store with many, and how fast one process refreshes many. */
export async function connections(): Promise<Row[]> {
  const redis = await startRedis()
  const client = await openRedis(redis.url)
  try {
    const few = await currentTokens(client)
    await fill(client)
    const many = await currentTokens(client)
    return [
      {
        what: `a current token of a connection in Redis, ${USED} stored`,
        target: '',
        measured: micros(few.known.median),
      },
      compared('the same, decrypted for the first time', few.unknown, few.known),
      compared(`the same, ${MANY} stored`, many.known, few.known, TARGET),
      compared('for comparison: one GET of Redis', few.bare, few.known),
      await expiries(),
    ]
  } finally {
    client.destroy()
    await redis.stop()
  }
}

const openRedis = (url: string) => createClient({ url }).connect()
type Redis = Awaited<ReturnType<typeof openRedis>>

/** The time of a call if this process has decrypted the record, of a call if it has not, and of a plain read. */
async function currentTokens(client: Redis) {
  const server = createAuthorizationServer({ accessTokenSeconds: LIFETIME })
  const store = createRedisStore({ client })
  const createProcess = () =>
    createConnections({
      ...options,
      store,
      providers: { calendar: providerOf(server) },
      fetch: (input, init) => server.fetch(input, init),
    })
  const owners = Array.from({ length: USED }, (_, index) => `user-${index}`)
  const first = createProcess()
  for (const owner of owners) await first.get(owner, 'calendar').save(await server.issue())
  // A call learns the time of the server first.
  await first.get('user-0', 'calendar').getAccessToken({ forceRefresh: true })
  const times = await interleave(
    {
      known: each(() => shuffled(owners.map((owner) => first.get(owner, 'calendar'))), current),
      unknown: firstCalls(createProcess, owners),
      bare: each(
        () => owners,
        () => client.get('evertoken:session:none'),
      ),
    },
    ROUNDS,
  )
  return times
}

/** Each process is new, so it has decrypted no other record than the one with which it learned the time. */
function firstCalls(
  createProcess: () => { get(owner: string, name: 'calendar'): Connection },
  [warm = '', ...others]: readonly string[],
): Sample {
  return each(async () => {
    const { get } = createProcess()
    await current(get(warm, 'calendar'))
    return others.map((owner) => get(owner, 'calendar'))
  }, current)
}

async function current(connection: Connection): Promise<void> {
  if (!(await connection.getAccessToken())) throw new Error('There is no token')
}

async function fill(client: Redis): Promise<void> {
  for (let first = 0; first < MANY; first += BATCH) {
    const batch = client.multi()
    for (let index = first; index < first + BATCH; index++)
      batch.set(`evertoken:session:filler-${index}`, RECORD)
    await batch.execAsPipeline()
  }
}

/** One process whose connections have all expired. The line of the provider bounds the requests. */
async function expiries(): Promise<Row> {
  const server = createAuthorizationServer({
    accessTokenSeconds: LIFETIME,
    capacity: { concurrent: 40, processingMs: RESPONSE_MS },
  })
  const { get } = createConnections({
    ...options,
    store: createMemoryStore(),
    providers: { calendar: providerOf(server) },
    fetch: (input, init) => server.fetch(input, init),
  })
  const owned = Array.from({ length: EXPIRIES }, (_, index) => get(`user-${index}`, 'calendar'))
  for (const [index, connection] of owned.entries()) {
    const { access_token, refresh_token } = await server.issue({ sub: `user-${index}` })
    await connection.save({ access_token, refresh_token, expires_at: 1 })
  }
  const startedAt = performance.now()
  await Promise.all(owned.map(current))
  const seconds = (performance.now() - startedAt) / 1000
  const { refresh } = server.counts
  return {
    what: `${EXPIRIES} connections that expire together, one process`,
    target: `≤ ${MOST_SECONDS} s, ${EXPIRIES} token requests`,
    measured: `${seconds.toFixed(0)} s, ${refresh} token requests, ${server.load.turnedAway} refused`,
    met: seconds <= MOST_SECONDS && refresh === EXPIRIES,
  }
}

function providerOf({ issuer, clients: [client] }: ReturnType<typeof createAuthorizationServer>) {
  if (!client) throw new Error('The server has no client')
  return { issuer, clientId: client.id, clientSecret: client.secret }
}

function compared(what: string, many: Timing, few: Timing, target?: number): Row {
  const ratio = many.median / few.median
  const measured = `${ratio.toFixed(2)} × (${micros(many.median)} to ${micros(few.median)})`
  if (target === undefined) return { what, target: '', measured }
  return { what, target: `≤ ${target} ×`, measured, met: ratio <= target }
}
