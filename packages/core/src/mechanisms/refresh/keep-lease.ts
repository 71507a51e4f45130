import { withDoubt } from '../../model/ledger-transitions.ts'
import { reuseOf } from '../../rules/refresh/decide.ts'
import { maySendAgain, secondSendLimitMs } from '../../rules/refresh/second-send.ts'
import { OperatorError } from '../../vocabulary/index.ts'
import type { ExchangeContext, Refresh, Sender } from './send.ts'

/** Acts for the holder of a lease while it waits for a response. */
export interface LeaseKeeper {
  /** Shows that the holder is alive, or sends a second request. Call this every 2 seconds without a response. */
  tick(): void
  /** Stops the keeper. Call this when there is a result. */
  stop(): void
}

export type KeeperContext = Pick<ExchangeContext, 'acquisition' | 'clock' | 'serverTimeoutMs'>

export function createLeaseKeeper(
  { handle, lease, turn, sends, health }: Refresh,
  sender: Sender,
  { acquisition, clock, serverTimeoutMs }: KeeperContext,
): LeaseKeeper {
  const reuse = reuseOf(acquisition.policy)
  let isHolder = true
  let isBusy = false
  /** Whether another run was requested during a run. */
  let isWanted = false
  let isSlow = false
  let hasEvidence = false
  let asked: Promise<void> | undefined

  async function keepLease(): Promise<void> {
    const current = await handle.readIgnoringExpiry()
    const ledger = current?.record.ledger
    isHolder &&= ledger?.lease?.holder === lease.holder
    if (!current || !ledger || !isHolder || sender.open.size === 0) return
    const [first] = sender.open
    const isUsable = ledger.refreshToken === first?.refreshToken && sender.responses === sender.undecided
    if (!isUsable || !isSecondSendDue()) {
      const beaten = await lease.beat(current)
      if (beaten !== 'again') sender.leased = beaten
      return
    }
    const again = await lease.take(current, withDoubt(ledger))
    // A response that has arrived in the meantime may have spent the refresh token.
    const isTooLate = clock.elapsed() - sends.firstAt > secondSendLimitMs(reuse)
    if (again === 'again' || isTooLate || sender.responses > sender.undecided) return
    await sender.send(again)
  }

  function isSecondSendDue(): boolean {
    const now = clock.elapsed()
    const newest = Math.max(...[...sender.open].map(({ sentAt }) => sentAt))
    const sinceFirstMs = now - sends.firstAt
    const timing = { sends: sends.count, sinceFirstMs, sinceLastMs: now - newest, serverTimeoutMs }
    const may = maySendAgain(reuse, timing)
    if (may !== 'with_evidence') return may === 'yes'
    if (health.respondedTo > sends.firstAt || hasEvidence) return true
    // The holder keeps the lease while it asks the server.
    asked ??= probeServer()
    return false
  }

  async function probeServer(): Promise<void> {
    hasEvidence = await acquisition.isResponding()
    if (!hasEvidence) return
    if (isBusy) isWanted = true
    else void run()
  }

  async function run(): Promise<void> {
    if (!isHolder || isBusy) return
    isBusy = true
    do {
      isWanted = false
      try {
        await keepLease()
      } catch (error) {
        // The store has reported its failure. The next beat tries again.
        if (!(error instanceof OperatorError)) sender.mailbox.put({ kind: 'broken', error })
      }
    } while (isWanted)
    isBusy = false
  }

  return {
    stop() {
      isHolder = false
    },
    tick() {
      if (!isSlow) turn.overloaded()
      isSlow = true
      // A lost request must not block other requests.
      if (clock.elapsed() - sends.firstAt >= serverTimeoutMs) turn.leave()
      void run()
    },
  }
}
