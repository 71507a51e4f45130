import { withBackOff } from '../../model/ledger-transitions.ts'
import { EMPTY_LEDGER, isTokenLedger, type LedgerRecord, type TokenLedger } from '../../model/token-ledger.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LedgerHandle, LedgerSnapshot } from '../../ports/ledger-handle.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import type { ServerClock } from '../protocol/server-clock.ts'
import { fingerprint } from '../runtime/digest.ts'
import type { Seal } from '../sessions/seal.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'

/** The tokens of the client at one moment. */
export interface ClientSnapshot extends LedgerSnapshot {
  /** The stored value. The next swap must find it unchanged. */
  readonly sealed: string | undefined
}

export interface ClientLedgerOptions {
  readonly store: Pick<GuardedStore, 'read' | 'swap'>
  readonly seal: Seal
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly emit: EventListener
}

/** How long a record outlives its tokens, in seconds. A lease and the count of failures in a row need this time. */
const SPARE_SECONDS = 120

/**
 * Creates the handle for the tokens of the application itself. No user signs in for them, so the owner never ends.
 *
 * A record that is missing or cannot be read is an empty ledger, because its token can be requested again.
 */
export function createClientLedger(
  key: string,
  { store, seal, clock, serverClock, emit }: ClientLedgerOptions,
): LedgerHandle<ClientSnapshot> {
  const recordOf = (ledger: TokenLedger): LedgerRecord => ({ id: key, expiresAt: Infinity, ledger })

  async function read(): Promise<ClientSnapshot> {
    const sealed = await store.read(key)
    return { record: recordOf(sealed === undefined ? EMPTY_LEDGER : await open(sealed)), sealed }
  }

  async function open(sealed: string): Promise<TokenLedger> {
    const result = await seal.unseal(sealed)
    const { id, ledger } = Object('value' in result && result.value) as LedgerRecord
    return id === key && isTokenLedger(ledger) ? ledger : EMPTY_LEDGER
  }

  const swapLedger: LedgerHandle<ClientSnapshot>['swapLedger'] = async (from, ledger) => {
    const sealed = await seal.seal({ id: key, ledger })
    const isWon = await store.swap(key, from.sealed, sealed, neededUntil(ledger, clock.now()))
    return isWon ? { record: recordOf(ledger), sealed } : 'again'
  }

  return {
    key,
    read,
    readIgnoringExpiry: read,
    readIncludingEnded: read,
    isUsable: () => true,
    swapLedger,
    storeGrant: (from, { ledgerAfter }) => swapLedger(from, ledgerAfter(Infinity)),
    refuse: (from) =>
      swapLedger(from, withBackOff(from.record.ledger, 'client_rejected', serverClock.read())),
    reportRefusal: () => emit({ type: 'refresh_failed', session: fingerprint(key), code: 'client_rejected' }),
  }
}

/** Returns when the store may forget a ledger, by the wall clock. A record lives as long as its token. */
function neededUntil({ tokens, backOff }: TokenLedger, now: number): number {
  const ends = Object.values(tokens).map(({ expiresAt, ahead = 0 }) => expiresAt - ahead)
  const pause = backOff ? backOff.until - (backOff.ahead ?? 0) : now
  return Math.max(now, pause, ...ends) + SPARE_SECONDS
}
