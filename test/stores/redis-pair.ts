import type { RedisClientType } from 'redis'
import { createIoredisStore, createRedisStore } from '@evertoken/core/redis'
import { type Service, startRedis } from '../../scripts/services.mjs'
import { createLink } from './link.ts'
import { type Pair, type PairConnection, waitUntil } from './pair.ts'

/** Connects to the Redis at a URL. A broken connection stays broken, so that no client repeats a command. */
export type RedisConnect = (url: string) => Promise<PairConnection>

/** A Redis primary with a replica, which replicates asynchronously, as Redis always does. */
export async function startRedisPair(connect: RedisConnect): Promise<Pair> {
  const primary = await startRedis()
  const link = await createLink(primary.port)
  const replica = await startRedis({ replicaOf: link.port })
  await onceOnline(primary.url)
  let current = primary
  let nextReplica: Service | undefined
  return {
    connect: () => connect(current.url),
    cutReplication: () => link.cut(),
    isBlocked: () =>
      // The writes have one connection, so the first one that waits blocks the others.
      withClient(
        primary.url,
        async (client) => !(await client.info('clients')).includes('blocked_clients:0'),
      ),
    async failOver() {
      await primary.kill()
      await withClient(replica.url, (client) => client.sendCommand(['REPLICAOF', 'NO', 'ONE']))
      current = replica
      // As an operator or Sentinel would. Until there is a replica again, WAIT confirms nothing.
      nextReplica = await startRedis({ replicaOf: replica.port })
      await onceOnline(replica.url)
    },
    async stop() {
      link.close()
      await nextReplica?.stop()
      await replica.stop()
      await primary.stop()
    },
  }
}

/** `WAIT` ignores a replica until the primary has marked it as online, which it does after the data are copied. */
async function onceOnline(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const isOnline = async () => (await client.info('replication')).includes('state=online')
    await waitUntil(isOnline, 'The replica')
  })
}

async function withClient<T>(url: string, work: (client: RedisClientType) => Promise<T>): Promise<T> {
  const { createClient } = await import('redis')
  const client: RedisClientType = createClient({ url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

/** A busy machine confirms late. Only a write that hangs is not confirmed in this time. */
const WAIT = { count: 1, timeoutSeconds: 60 }

export function connectNodeRedis(wait: boolean): RedisConnect {
  return async (url) => {
    const { createClient } = await import('redis')
    const options = { url, disableOfflineQueue: true, socket: { reconnectStrategy: false } } as const
    const open = async () => createClient(options).on('error', ignore).connect()
    const [client, writer] = [await open(), await open()]
    const waitForReplicas = { ...WAIT, client: writer }
    const store = createRedisStore(wait ? { client, waitForReplicas } : { client })
    return {
      store,
      async close() {
        for (const each of [client, writer]) if (each.isOpen) each.destroy()
      },
    }
  }
}

export function connectIoredis(wait: boolean): RedisConnect {
  return async (url) => {
    const { Redis } = await import('ioredis')
    const open = async () => {
      const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
      await client.on('error', ignore).connect()
      return client
    }
    const [client, writer] = [await open(), await open()]
    const waitForReplicas = { ...WAIT, client: writer }
    const store = createIoredisStore(wait ? { client, waitForReplicas } : { client })
    return {
      store,
      async close() {
        for (const each of [client, writer]) each.disconnect()
      },
    }
  }
}

function ignore(): void {
  // The command that was lost with the connection rejects; that is what the histories record.
}
