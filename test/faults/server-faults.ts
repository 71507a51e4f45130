import type { AuthorizationServerOptions, Fault } from '@evertoken/testkit'

/** Servers that accept a second use, each in its own way, and the policy of a client that knows it. */
export const FORGIVING: readonly {
  readonly profile: string
  readonly reuse: 'tolerant' | { readonly graceSeconds: number }
  readonly server?: AuthorizationServerOptions
}[] = [
  { profile: 'tolerant', reuse: 'tolerant' },
  { profile: 'grace', reuse: { graceSeconds: 300 } },
  {
    profile: 'newest pair only',
    reuse: { graceSeconds: 60 },
    server: { reuse: { graceSeconds: 60, limit: 'newest pair' } },
  },
]

const HOUR_SECONDS = 3600
const dateAfter = (honest: string, seconds: number) =>
  new Date(Date.parse(honest) + seconds * 1000).toUTCString()

/** Dates of a server that is wrong about the time, in other ways each time. */
function wanderingDate(): NonNullable<AuthorizationServerOptions['date']> {
  let count = 0
  return (_request, honest) => dateAfter(honest, (count++ % 3) * HOUR_SECONDS - HOUR_SECONDS)
}

/** Servers that are slow, or count requests, or are wrong about the time. `calm`: no request fails. */
export const SERVERS: Readonly<Record<string, AuthorizationServerOptions & { readonly calm?: true }>> = {
  'one request at a time, 3 s each': { capacity: { concurrent: 1, processingMs: 3000 }, calm: true },
  'full for most, then 503': {
    capacity: { concurrent: 1, processingMs: 3000, queue: 0, retryAfter: 0 },
    calm: true,
  },
  'one request in 10 s': { rateLimit: { perSecond: 0.1, burst: 1, retryAfter: 0 } },
  'no Date': { date: false, calm: true },
  'malformed Date': { date: () => 'yesterday', calm: true },
  'Date an hour ahead': { date: HOUR_SECONDS, calm: true },
  'Date an hour behind': { date: -HOUR_SECONDS, calm: true },
  'constant Date in 1970': { date: () => 'Thu, 01 Jan 1970 00:00:00 GMT' },
  'constant Date in 9999': { date: () => 'Fri, 31 Dec 9999 23:59:59 GMT' },
  'wandering Date': { date: wanderingDate() },
  'Age of an hour': { age: HOUR_SECONDS, calm: true },
}

/** Failures of the metadata endpoint, for a process that does not know the metadata yet. */
export const METADATA_FAULTS: Readonly<Record<string, Fault>> = {
  '503': { type: 'status', status: 503, retryAfter: 0 },
  '404': { type: 'status', status: 404 },
  reset: { type: 'reset', processed: false },
  silence: { type: 'hang' },
  malformed: { type: 'body', body: 'html' },
}
