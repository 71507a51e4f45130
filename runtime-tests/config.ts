import type { Clock, EvertokenEvent, EvertokenOptions, SessionStore } from '@evertoken/core'

/** The configuration of a host, as JSON. */
export interface HostConfig {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly session: 'cookie' | 'server'
  /** The resource server, without a slash at the end. */
  readonly api: string
}

/** The parts of the application that the scenarios read and change. */
export interface Controls {
  readonly clock: Clock
  readonly events: EvertokenEvent[]
  /** From here on the application's clock is that many seconds ahead. */
  setAhead(seconds: number): void
}

export const SECRET = 'canary-of-the-sealing-secret-0123456789'

export function createControls(): Controls {
  let ahead = 0
  const clock: Clock = {
    now: () => Date.now() / 1000 + ahead,
    elapsed: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      }),
  }
  return {
    clock,
    events: [],
    setAhead(seconds) {
      ahead = seconds
    },
  }
}

export function toOptions(config: HostConfig, controls: Controls, store?: SessionStore): EvertokenOptions {
  const { issuer, clientId, clientSecret, session } = config
  return {
    issuer,
    clientId,
    clientSecret,
    encryptionSecret: SECRET,
    session,
    // Cookie sessions are then also in the store, which other scenarios must not require.
    indexSessions: session === 'server',
    clock: controls.clock,
    onEvent: (event) => controls.events.push(event),
    ...(store && { store }),
  }
}
