/** A real server on a free port of loopback, installed with apt-get where it is missing. */
export interface Service {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Resolves when the process has ended and its data are gone. */
  stop(): Promise<void>
  /** Ends the process with SIGKILL, as a crash does. The data stay until `stop`. */
  kill(): Promise<void>
}

/**
 * Keeps nothing on disk. As a `cluster` it is a cluster of one, which refuses an operation whose keys belong to
 * different slots. With `replicaOf`, the port of a primary or of a link to it, it has copied the data of that primary.
 */
export function startRedis(options?: {
  readonly cluster?: boolean
  readonly replicaOf?: number
}): Promise<Service>

/**
 * Starts an empty database in UTF-8, in which every commit reaches the disk. With `standbyOf`, the port of a primary or of
 * a link to it, it is a copy that follows that primary.
 */
export function startPostgres(options?: {
  readonly settings?: Readonly<Record<string, string | number>>
  readonly standbyOf?: number
}): Promise<Service>

/** A new folder below the system's temporary one; whoever asked for it removes it. */
export function temporaryFolder(name: string): Promise<string>
