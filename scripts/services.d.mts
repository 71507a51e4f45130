/** A real server on a free port of loopback, installed with apt-get where it is missing. */
export interface Service {
  readonly url: string
  readonly pid: number
  /** Resolves when the process has ended and its data are gone. */
  stop(): Promise<void>
}

/**
 * Keeps nothing on disk. As a `cluster` it is a cluster of one, which refuses an operation whose keys belong to
 * different slots.
 */
export function startRedis(options?: { readonly cluster?: boolean }): Promise<Service>

/** An empty database in UTF-8; every commit reaches the disk. */
export function startPostgres(): Promise<Service>

/** A new folder below the system's temporary one; whoever asked for it removes it. */
export function temporaryFolder(name: string): Promise<string>
