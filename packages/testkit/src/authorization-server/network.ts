import { type Paths, toArrival } from './arrival.ts'
import type { Arrival } from './journal.ts'

export type Fetch = (input: Request | URL | string, init?: RequestInit) => Promise<Response>

export interface Network {
  readonly issuer: () => string
  readonly paths: Paths
  readonly handle: (arrival: Arrival, signal: AbortSignal | undefined) => Promise<Response>
}

/** Adds the aborts and redirects of a real `fetch` to an exchange. */
export function createFetch({ issuer, paths, handle }: Network): Fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
    signal?.throwIfAborted()
    const arrival = await toArrival(request, issuer(), paths)
    signal?.throwIfAborted()
    const response = await abortable(handle(arrival, signal), signal)
    const location = response.headers.get('location')
    if (location === null || isForBrowsers(arrival) || request.redirect === 'manual') return response
    if (request.redirect === 'follow') return handle(forwarded(arrival, location, response.status), signal)
    throw new TypeError('fetch failed', { cause: new Error('Redirected') })
  }
}

function isForBrowsers({ kind }: Arrival) {
  return kind === 'authorize' || kind === 'endSession'
}

/** As `fetch` does it: 307 and 308 post the form again, `Authorization` stays behind. */
function forwarded(arrival: Arrival, location: string, status: number): Arrival {
  const headers = new Headers(arrival.headers)
  headers.delete('authorization')
  const url = new URL(location, arrival.url)
  const again = status === 307 || status === 308
  const parameters = again ? arrival.parameters : url.searchParams
  return { kind: 'elsewhere', method: again ? arrival.method : 'GET', url, headers, parameters }
}

function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
