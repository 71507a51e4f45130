import { rm } from 'node:fs/promises'
import { startPostgres, startRedis, temporaryFolder } from '../../scripts/services.mjs'
import { startUpstash } from './upstash.ts'

/** Where the real stores are: URLs, and a folder for database files. */
export interface Places {
  readonly redis: string
  readonly redisCluster: string
  readonly upstash: string
  readonly postgres: string
  readonly folder: string
}

/** Starts everything, and stops it when `work` is done or anything failed. */
export async function withPlaces<T>(work: (places: Places) => Promise<T>): Promise<T> {
  const cleanups: (() => Promise<void>)[] = []
  const url = async (starting: Promise<{ readonly url: string; stop(): Promise<void> }>) => {
    const service = await starting
    cleanups.unshift(() => service.stop())
    return service.url
  }
  try {
    const folder = await temporaryFolder('stores')
    cleanups.unshift(() => rm(folder, { recursive: true, force: true }))
    const redis = await url(startRedis())
    const redisCluster = await url(startRedis({ cluster: true }))
    const upstash = await url(startUpstash(redis))
    const postgres = await url(startPostgres())
    return await work({ redis, redisCluster, upstash, postgres, folder })
  } finally {
    for (const cleanup of cleanups) await cleanup()
  }
}
