import { withBackOff } from '../../model/ledger-transitions.ts'
import type { SessionRecord } from '../../model/session-record.ts'
import { withOtherTokens } from '../../model/session-transitions.ts'
import { EMPTY_LEDGER, type TokenLedger } from '../../model/token-ledger.ts'
import type { LedgerHandle, LedgerSnapshot } from '../../ports/ledger-handle.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import type { ServerClock } from '../protocol/server-clock.ts'

/** The tokens of other grants at one moment, with the session that contains them. */
export interface OtherSnapshot extends LedgerSnapshot {
  readonly session: Snapshot
}

export function otherTokensOf(session: Snapshot, ledger?: TokenLedger): OtherSnapshot {
  const { id, expiresAt, ended, otherTokens = EMPTY_LEDGER } = session.record
  return { session, record: { id, expiresAt, ...(ended && { ended }), ledger: ledger ?? otherTokens } }
}

/**
 * Creates the handle for the tokens that other grants get for the user of a session.
 *
 * They are in the record of the session, so they end with it. Their ledger has its own lease and its own group of flights. A
 * request can therefore wait for a refresh of the session, and a failed one cannot raise doubt about the refresh token.
 */
export function createOtherTokens(
  handle: SessionHandle,
  serverClock: ServerClock,
): LedgerHandle<OtherSnapshot> {
  const view = (session: Snapshot | undefined) => session && otherTokensOf(session)

  async function swap(from: OtherSnapshot, to: SessionRecord): Promise<OtherSnapshot | 'again'> {
    const session = await handle.swap(from.session, to)
    return session === 'again' ? session : otherTokensOf(session)
  }

  // The store must keep the newest state until the browser has it.
  const swapLedger: LedgerHandle<OtherSnapshot>['swapLedger'] = (from, otherTokens) =>
    swap(from, { ...from.session.record, otherTokens, browserIsCurrent: undefined })

  return {
    // Events name the session by the start of its key.
    key: `${handle.key} other tokens`,
    read: async () => view(await handle.read()),
    readIgnoringExpiry: async () => view(await handle.readIgnoringExpiry()),
    readIncludingEnded: async () => view(await handle.readIncludingEnded()),
    isUsable: (seen) => handle.isUsable(seen.session),
    swapLedger,
    async storeGrant(from, { ledgerAfter }) {
      const stored = await swap(
        from,
        withOtherTokens(from.session.record, ledgerAfter, handle.maxRecordBytes),
      )
      // The callers get the token, even if a cookie has no room for it.
      return stored === 'again' ? stored : otherTokensOf(stored.session, ledgerAfter(Infinity))
    },
    // No request of other grants ends the session.
    refuse: (from) => swapLedger(from, withBackOff(from.record.ledger, 'grant_refused', serverClock.read())),
    reportRefusal() {},
  }
}
