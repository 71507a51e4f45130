import type { BuildOptions, Metafile } from 'esbuild'

export interface WorkerdOptions {
  /** The module of the Worker, in TypeScript or JavaScript. */
  readonly entry: string
  /** The compatibility date. */
  readonly date?: string
  /** Compatibility flags, such as `nodejs_compat`. */
  readonly flags?: readonly string[]
  /** Text bindings: variables and secrets alike. */
  readonly vars?: Readonly<Record<string, string>>
  /** The name of the binding to `EvertokenSessions`, which the Worker then has to export. */
  readonly sessions?: string
  /** Further classes of Durable Objects by the name of their binding. */
  readonly objects?: Readonly<Record<string, string>>
  /** The name of a binding of the Worker to itself, with which it can run its cron trigger. */
  readonly scheduled?: string
  /** The folder of the records, which a later Worker can use again. Default: one that goes when the Worker closes. */
  readonly storage?: string
  /** Whether the classes are SQLite-backed. Default true. */
  readonly sqlite?: boolean
  /** The name of a Workers KV binding. */
  readonly kv?: string
  /** Service bindings: the origin of an HTTP server by name. */
  readonly services?: Readonly<Record<string, string>>
  /** Bindings to HTTPS servers by name, to which workerd presents a certificate, as with `mtls_certificates`. In PEM. */
  readonly secureServices?: Readonly<
    Record<string, { readonly url: string; readonly cert: string; readonly key: string; readonly ca: string }>
  >
  /** Default false. */
  readonly minify?: boolean
  /** Default: any free one. */
  readonly port?: number
}

export interface Workerd {
  readonly url: string
  /** By `performance.now()`. */
  readonly startedAt: number
  /** Its output so far: `console` output and uncaught errors. */
  output(): string
  close(): Promise<void>
  /** Ends it as a failure of the machine does. */
  crash(): Promise<void>
}

/** Bundles a Worker and runs it on workerd, which is installed on first use. Its data goes when it closes. */
export function startWorkerd(options: WorkerdOptions): Promise<Workerd>

/** Bundles as Cloudflare's tools do; workspace packages are taken from source. */
export function bundleWorker(entry: string, outfile: string, overrides?: BuildOptions): Promise<Metafile>
