import * as oauth from 'oauth4webapi'
import type { Clock } from '../../ports/clock.ts'
import { systemClock } from '../runtime/system-clock.ts'

export interface SignInClientOptions {
  readonly clientId: string
  readonly clock: Pick<Clock, 'now'>
  /** How many seconds the clocks may differ when the times of an ID token are checked. */
  readonly clockToleranceSeconds: number
}

/** Creates the client of a server whose ID tokens are validated. */
export function createSignInClient(options: SignInClientOptions): oauth.Client {
  const { clientId, clock, clockToleranceSeconds } = options
  return {
    client_id: clientId,
    [oauth.clockTolerance]: clockToleranceSeconds,
    // oauth4webapi reads the clock of the system. The skew makes it validate ID tokens by the clock of Evertoken.
    get [oauth.clockSkew]() {
      return clock.now() - systemClock.now()
    },
  }
}
