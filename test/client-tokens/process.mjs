/** One process of the fleet. It requests the token as often as its parent asks, and sends the results. */
import { createRedisStore } from '@evertoken/core/redis'
import { createClientTokens } from '@evertoken/node/client'
import { createClient } from 'redis'

const [redisUrl, issuer, clientId, clientSecret, scope] = process.argv.slice(2)
const client = createClient({ url: redisUrl })
await client.connect()
const { getClientAccessToken } = createClientTokens({
  issuer,
  clientId,
  clientSecret,
  scope,
  store: createRedisStore({ client }),
  encryptionSecret: 'a secret of thirty-two characters',
})

process.on('message', (calls) => {
  void Promise.all(Array.from({ length: calls }, call)).then((results) => process.send(results))
})
process.send('ready')

async function call() {
  try {
    const { value, expiresAt } = await getClientAccessToken()
    return { value, isExpired: expiresAt <= Date.now() / 1000 }
  } catch (error) {
    return { error: error.code ?? String(error) }
  }
}
