import type { Clock, SessionStore } from '@evertoken/core'
import { describe, expect, it } from 'vitest'
import { type ContractResult, createManualClock, runContract, sessionStoreContract } from '../src/index.ts'
import { type Breakage, BROKEN, BROKEN_BY_CLOCK } from './broken-stores.ts'
import { type Entry, createParts } from './reference-store.ts'

function certify(breakage: Breakage = () => ({})): Promise<ContractResult> {
  const clock = createManualClock()
  const parts = createParts(clock.now)
  const open = ({ now }: Pick<Clock, 'now'>) => ({ ...parts.store, ...breakage(parts, now) })
  const cases = sessionStoreContract(() => open(clock), {
    now: clock.now,
    waitUntilExpired: (seconds) => clock.advance(seconds * 1000 + 100),
    storeWithClock: open,
  })
  return runContract(cases)
}

describe('sessionStoreContract', () => {
  it('passes a correct store', async () => {
    const { passed, failed } = await certify()
    expect(failed).toEqual([])
    expect(passed).toBeGreaterThan(50)
  })

  it('passes a correct store on a real clock, and one without an index', async () => {
    const { index: _, ...store } = createParts(() => Date.now() / 1000).store
    expect((await runContract(sessionStoreContract(() => store))).failed).toEqual([])
  })

  it.each(Object.entries({ ...BROKEN, ...BROKEN_BY_CLOCK }))(
    'catches a store that %s',
    async (_, [caughtBy, breakage]) => {
      const { failed } = await certify(breakage)
      expect(failed.map(({ name }) => name)).toContain(caughtBy)
      for (const { error } of failed) expect(error).toBeInstanceOf(Error)
    },
  )

  it('catches a second connection that lags behind', async () => {
    const clock = createManualClock()
    const { store, entries } = createParts(clock.now)
    const snapshot = new Map<string, Entry>()
    const lagging: SessionStore = {
      ...store,
      async read(key) {
        const seen = snapshot.get(key)?.record
        for (const [each, entry] of entries) snapshot.set(each, entry)
        return seen
      },
    }
    const cases = sessionStoreContract(() => store, {
      now: clock.now,
      waitUntilExpired: (seconds) => clock.advance(seconds * 1000),
      secondStore: () => lagging,
    })
    const { failed } = await runContract(cases)
    expect(failed.map(({ name }) => name)).toContain(
      'sees every completed write immediately, from every connection',
    )
  })

  it('describes the behavior of the store, and reports a store that cannot be opened', async () => {
    const { failed } = await certify(() => ({ remove: () => Promise.resolve() }))
    expect(failed.map(({ error }) => String(error))).toContain(
      'Error: read found "first" after it was removed, where nothing was expected',
    )
    const unreachable = sessionStoreContract(() => Promise.reject(new Error('Cannot connect')))
    expect((await runContract(unreachable)).passed).toBe(0)
  })
})
