import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { decideReuse } from '../../rules/registrations/reuse.ts'
import { EvertokenError, OperatorError } from '../../vocabulary/index.ts'
import { createFailurePause, type FailurePause } from '../protocol/failure-pause.ts'
import { createBoundedMap } from '../runtime/bounded-map.ts'
import { withDeadline } from '../runtime/deadline.ts'
import { createRecentlyUsed } from '../runtime/recently-used.ts'
import { redact } from '../runtime/redact.ts'

export interface LoadedRegistrationsOptions<Loaded> {
  /**
   * Loads a registration. Resolves to `undefined` if it does not exist.
   *
   * @param known - The result of the latest load. It can be returned again.
   */
  load(name: string, known: Loaded | undefined): Promise<Loaded | undefined>
  /** Receives each failure. */
  failed(name: string, error: EvertokenError): void
  readonly freshMs: number
  readonly maxEntries: number
  /** The longest time that a load can take, in milliseconds. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly flights: Flights
  readonly random: () => number
}

/** The registrations that this process has loaded. */
export interface LoadedRegistrations<Loaded> {
  /**
   * Returns a registration, without a promise if it is fresh. Resolves to `undefined` if it does not exist.
   *
   * @param keepAlive - Keeps a load alive that the caller no longer waits for.
   * @throws {OperatorError} If it was never loaded, and cannot be loaded now.
   */
  find(name: string, keepAlive: KeepAlive): Loaded | Promise<Loaded | undefined>
}

/** How long a caller waits for a load that replaces a known registration, in milliseconds. */
const RELOAD_WAIT_MS = 1000
/** Numbers the caches. They can share a `Flights` object, but they must not share results. */
let caches = 0

/**
 * Loads registrations by name, and keeps those that are used most recently. Concurrent callers share one load.
 *
 * A registration that is dropped is only forgotten: work that uses it continues.
 */
export function createLoadedRegistrations<Loaded>(
  options: LoadedRegistrationsOptions<Loaded>,
): LoadedRegistrations<Loaded> {
  const { load, failed, freshMs, maxEntries, timeoutMs, clock, flights } = options
  const entries = createRecentlyUsed<{ readonly loaded: Loaded; readonly since: number }>(maxEntries)
  const pauses = createBoundedMap<string, FailurePause>(maxEntries)
  const group = `registrations ${(caches += 1)}`

  async function loadNow(name: string, known: Loaded | undefined): Promise<Loaded | undefined> {
    const since = clock.elapsed()
    try {
      const loaded = await withDeadline(load(name, known), timeoutMs, clock, () => tooSlow(timeoutMs))
      if (loaded === undefined) entries.delete(name)
      else entries.set(name, { loaded, since })
      return loaded
    } catch (error) {
      const failure = error instanceof EvertokenError ? error : loadFailed(error)
      failed(name, failure)
      throw failure
    }
  }

  function startLoad(name: string, known: Loaded | undefined): Promise<Loaded | undefined> {
    const pause = pauses.get(name) ?? createFailurePause(options)
    pauses.set(name, pause)
    const start = () => pause.run(() => loadNow(name, known))
    return flights.join(`${group} ${name}`, '', start, clock).result
  }

  return {
    find(name, keepAlive) {
      const entry = entries.get(name)
      const paused = pauses.get(name)?.error()
      const state = entry && { ageMs: clock.elapsed() - entry.since, freshMs }
      const step = decideReuse(state, paused !== undefined)
      if (entry && step === 'use') return entry.loaded
      if (step === 'refuse') return Promise.reject(paused)
      const loading = startLoad(name, entry?.loaded)
      keepAlive(loading.catch(() => undefined))
      if (!entry) return loading
      const late = () => tooSlow(RELOAD_WAIT_MS)
      return withDeadline(loading, RELOAD_WAIT_MS, clock, late).catch(() => entry.loaded)
    },
  }
}

function loadFailed(error: unknown): OperatorError {
  const message = 'The function `load` of `tenants()` failed, so the tenant is not known. Try again later.'
  return new OperatorError('tenant_unavailable', message, { cause: redact(error), retryAfterSeconds: 1 })
}

function tooSlow(timeoutMs: number): OperatorError {
  const message = `The function \`load\` of \`tenants()\` did not respond within ${timeoutMs / 1000} seconds. Try again later.`
  return new OperatorError('tenant_unavailable', message, { retryAfterSeconds: 1 })
}
