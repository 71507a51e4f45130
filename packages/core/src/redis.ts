/**
 * Session stores in Redis and what speaks its language, for the client the application already has.
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
} from './stores/redis-store.ts'
export { type WaitForReplicas } from './stores/redis-replication.ts'
