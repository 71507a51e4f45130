/** One process of the fleet. It calls for the token of one stored grant as often as its parent asks, and sends the results. */
import { createRedisStore } from '@evertoken/core/redis'
import { createPostgresStore, createSqliteStore } from '@evertoken/core/sql'
import { createConnections } from '@evertoken/node/connections'

const [kind, place, issuer, clientId, clientSecret] = process.argv.slice(2)
const connection = createConnections({
  encryptionSecret: 'a secret of thirty-two characters',
  store: await createStore(),
  storeTimeoutSeconds: 60, // the machine may be busy
  providers: { calendar: { issuer, clientId, clientSecret } },
}).get('user-1', 'calendar')

process.on('message', ({ save, calls = 0, forceRefresh }) => {
  const call = async () => (await connection.getAccessToken({ forceRefresh }))?.value
  const work = save ? [connection.save(save)] : Array.from({ length: calls }, call)
  const results = work.map((each) => each.then((value) => ({ value })).catch(({ code }) => ({ error: code })))
  void Promise.all(results).then((all) => process.send(all))
})
process.send('ready')

async function createStore() {
  if (kind === 'redis') {
    const { createClient } = await import('redis')
    return createRedisStore({ client: await createClient({ url: place }).connect() })
  }
  if (kind === 'postgres') {
    const { default: pg } = await import('pg')
    const store = createPostgresStore({ client: new pg.Pool({ connectionString: place }) })
    await store.createSchema()
    return store
  }
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(place, { timeout: 10_000 })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  const store = createSqliteStore({ database })
  await store.createSchema()
  return store
}
