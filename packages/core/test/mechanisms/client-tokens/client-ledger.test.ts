import { describe, expect, it } from 'vitest'
import { createClientLedger } from '../../../src/mechanisms/client-tokens/client-ledger.ts'
import { createSeal } from '../../../src/mechanisms/sessions/seal.ts'
import { withGrant, withLease } from '../../../src/model/ledger-transitions.ts'
import { EMPTY_LEDGER } from '../../../src/model/token-ledger.ts'
import { createBench, SECRET } from '../bench.ts'
import { createBlankServerClock } from '../server-clock-bench.ts'

function createLedgerBench() {
  const { clock, store, events, emit } = createBench()
  const serverClock = createBlankServerClock(clock)
  const keptUntil: number[] = []
  const watched = {
    read: (key: string) => store.read(key),
    swap(...args: Parameters<typeof store.swap>) {
      keptUntil.push(args[3] - clock.now())
      return store.swap(...args)
    },
  }
  const ledgerOf = (key: string, seal = createSeal([SECRET], 'client tokens')) =>
    createClientLedger(key, { store: watched, seal, clock, serverClock, emit })
  const now = clock.now()
  const accessToken = { value: 'at', type: 'Bearer', obtainedAt: now, expiresAt: now + 300 } as const
  const granted = withGrant(EMPTY_LEDGER, { grant: { accessToken }, key: '', attempt: 1 }, { wall: now })
  return { clock, store, events, keptUntil, ledgerOf, granted }
}

async function seenBy(ledger: ReturnType<ReturnType<typeof createLedgerBench>['ledgerOf']>) {
  const seen = await ledger.read()
  if (!seen) throw new Error('A ledger of the client is always there')
  return seen
}

describe('the ledger of the client', () => {
  it('is empty if the store has none, and is never over', async () => {
    const { ledgerOf } = createLedgerBench()
    const { record, sealed } = await seenBy(ledgerOf('key'))
    expect([record, sealed]).toEqual([{ id: 'key', expiresAt: Infinity, ledger: EMPTY_LEDGER }, undefined])
  })

  it('is shared by processes, and the slower of two loses its swap', async () => {
    const { ledgerOf, granted } = createLedgerBench()
    const [one, two] = [ledgerOf('key'), ledgerOf('key')]
    const seen = await seenBy(two)
    await one.swapLedger(await seenBy(one), granted)
    expect(await two.swapLedger(seen, withLease(EMPTY_LEDGER, 'two'))).toBe('again')
    expect((await seenBy(two)).record.ledger.tokens).toEqual(granted.tokens)
  })

  it('is kept as long as its token, and a lease for as long as another process may watch it', async () => {
    const { ledgerOf, granted, keptUntil } = createLedgerBench()
    const ledger = ledgerOf('key')
    await ledger.swapLedger(await seenBy(ledger), withLease(EMPTY_LEDGER, 'me'))
    await ledger.swapLedger(await seenBy(ledger), granted)
    expect(keptUntil).toEqual([120, 420])
  })

  it('is empty if its record is of another key, or has another secret, and can then be written', async () => {
    const { ledgerOf, granted, store, clock } = createLedgerBench()
    const ledger = ledgerOf('key')
    await ledger.swapLedger(await seenBy(ledger), granted)
    await store.swap('other', undefined, (await store.read('key')) ?? '', clock.now() + 60)
    for (const wrong of [
      ledgerOf('other'),
      ledgerOf('key', createSeal([`other ${SECRET}`], 'client tokens')),
    ]) {
      const seen = await seenBy(wrong)
      expect(seen.record.ledger).toEqual(EMPTY_LEDGER)
      expect(await wrong.swapLedger(seen, granted)).not.toBe('again')
    }
  })

  it('backs off after a refusal of the client, and reports it', async () => {
    const { ledgerOf, events } = createLedgerBench()
    const ledger = ledgerOf('key of a client')
    await ledger.refuse(await seenBy(ledger), 'grant_rejected')
    ledger.reportRefusal('grant_rejected', undefined, () => undefined)
    expect((await seenBy(ledger)).record.ledger.backOff).toMatchObject({
      code: 'client_rejected',
      seconds: 1,
    })
    expect(events).toEqual([{ type: 'refresh_failed', session: 'key of a', code: 'client_rejected' }])
  })
})
