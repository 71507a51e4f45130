import { createClient } from 'redis'

export type Redis = Awaited<ReturnType<typeof connectRedis>>

export function connectRedis(url: string) {
  return createClient({ url }).connect()
}
