/**
 * Session stores in Redis and compatible servers. They use the Redis client of your application.
 *
 * @module
 */
export {
  createIoredisStore,
  createRedisStore,
  createUpstashStore,
  type RedisClient,
  type ReplicatedRedisStoreOptions,
  type RedisStoreOptions,
} from './mechanisms/stores/redis-store.ts'
export { type WaitForReplicas } from './mechanisms/stores/redis-replication.ts'
