import { describe, expect, it } from 'vitest'
import { createLeases, type LeaseWatch } from '../../src/mechanisms/refresh/lease.ts'
import { createServerHandle } from '../../src/mechanisms/sessions/server-sessions.ts'
import { createHandleOptions } from '../../src/mechanisms/sessions/session-strategy.ts'
import type { Snapshot } from '../../src/ports/session-handle.ts'
import type { RefreshLease } from '../../src/model/token-ledger.ts'
import type { SessionStore } from '../../src/ports/session-store.ts'
import { createBench, createRecord, failureOf, IDLE, LIFE } from './bench.ts'

const LAPSE_MS = 8000

async function createLeaseBench(tweak?: (store: SessionStore) => Partial<SessionStore>, lapseMs = LAPSE_MS) {
  const bench = createBench(tweak)
  const { clock, sealedStore, events } = bench
  const record = createRecord(clock.now())
  await sealedStore.swap(record.id, undefined, record, clock.now() + LIFE)
  const cell = createServerHandle(
    record.id,
    createHandleOptions({ sealedStore, clock, idleTimeoutSeconds: IDLE }),
  )
  const emit = (event: (typeof events)[number]) => void events.push(event)
  const leases = createLeases({ clock, emit, lapseMs, latestSendMs: lapseMs - 2000 })
  const kept = async () => (await cell.readIgnoringExpiry()) as Snapshot
  return { ...bench, cell, leases, kept, watch: (holder: string) => leases.watch(cell, holder) }
}

const other = (attempt = 1, beat = 0): RefreshLease => ({ attempt, beat, holder: 'another' })

describe('the watch of a lease', () => {
  it('the lease lapses after 8 s without a change, by the monotonic clock', async () => {
    const { clock, watch } = await createLeaseBench()
    const { observe: look } = watch('me')
    const states: [number, string][] = []
    let before = ''
    for (let ms = 0; ms <= 9000; ms += 100) {
      const state = look(other())
      if (state !== before) states.push([ms, state])
      before = state
      clock.jump(ms % 200 === 0 ? 7200 : -7200)
      await clock.advance(100)
    }
    expect(states).toEqual([
      [0, 'live'],
      [8100, 'lapsed'],
    ])
  })

  it.each([
    ['a beat', other(1, 1)],
    ['another attempt', other(2, 0)],
  ])('%s starts the watch again', async (_what, next) => {
    const { clock, watch } = await createLeaseBench()
    const { observe: look } = watch('me')
    const lookFor = async (lease: RefreshLease, ms: number) => {
      for (let passed = 0; passed < ms; passed += 1000) {
        look(lease)
        await clock.advance(1000)
      }
      return look(lease)
    }
    expect(await lookFor(other(), 8000)).toBe('live')
    expect(await lookFor(next, 8000)).toBe('live')
    expect(await lookFor(next, 1000)).toBe('lapsed')
  })

  it('a pause of this process is limited to 2.5 s: the holder may have been paused as well', async () => {
    const { clock, watch } = await createLeaseBench()
    const { observe: look } = watch('me')
    look(other())
    for (const expected of ['live', 'live', 'live', 'lapsed']) {
      await clock.advance(60_000)
      expect(look(other())).toBe(expected)
    }
  })

  it('a session without a lease is free, and its own lease is not awaited', async () => {
    const { watch } = await createLeaseBench()
    expect(watch('me').observe(undefined)).toBe('lapsed')
    expect(watch('me').observe({ attempt: 1, beat: 0, holder: 'me' })).toBe('mine')
  })

  it('reports a wait of more than 1 s and a lease that has lapsed, once each', async () => {
    const { clock, watch, events, cell } = await createLeaseBench()
    const { observe: look } = watch('me')
    for (let ms = 0; ms <= 12_000; ms += 500) {
      look(other())
      await clock.advance(500)
    }
    const session = cell.key.slice(0, 8)
    expect(events).toEqual([
      { type: 'refresh_waiting', session },
      { type: 'lease_expired', session },
    ])
  })
})

describe('from the swap to the send', () => {
  /** A store whose first swaps take so long. */
  function slowly(...pauses: (() => Promise<void>)[]) {
    return ({ swap }: SessionStore): Partial<SessionStore> => ({
      async swap(...args) {
        const isMade = await swap(...args)
        if (args[1] !== undefined) await pauses.shift()?.()
        return isMade
      },
    })
  }

  async function take(lease: LeaseWatch, kept: () => Promise<Snapshot>) {
    return lease.take(await kept())
  }

  it('takes the lease, and reports that it is not late', async () => {
    const { watch, kept } = await createLeaseBench()
    const taken = await take(watch('me'), kept)
    expect(taken).toMatchObject({ late: undefined, snapshot: { record: { ledger: { attempt: 1 } } } })
    expect((await kept()).record.ledger.lease).toEqual({ attempt: 1, holder: 'me', beat: 0 })
  })

  it('is lost to the process that was faster', async () => {
    const { watch, kept } = await createLeaseBench()
    const [one, two] = [watch('one'), watch('two')]
    const seen = await kept()
    await one.take(seen)
    expect(await two.take(seen)).toBe('again')
  })

  it('a swap that takes more than 2 s: reads again at the first time, sends as late at the second', async () => {
    const bench = await createLeaseBench((store) => {
      const pause = () => bench.clock.advance(2001)
      return slowly(pause, pause)(store)
    })
    const lease = bench.watch('me')
    expect(await take(lease, bench.kept)).toBe('again')
    expect(await take(lease, bench.kept)).toMatchObject({ late: true })
    expect(await take(lease, bench.kept)).toMatchObject({ late: undefined })
  })

  it('a store that is as slow as the lease is long: never sends', async () => {
    const bench = await createLeaseBench((store) => {
      const pause = () => bench.clock.advance(4001)
      return slowly(pause, pause, pause)(store)
    }, 6000)
    const lease = bench.watch('me')
    for (let i = 0; i < 3; i++) expect(await take(lease, bench.kept)).toBe('again')
  })

  it('a process that was frozen after the swap does not send, although its wall clock was set back', async () => {
    const bench = await createLeaseBench((store) => {
      const freeze = async () => {
        await bench.clock.advance(2500)
        bench.clock.jump(-600)
      }
      return slowly(freeze)(store)
    })
    expect(await take(bench.watch('me'), bench.kept)).toBe('again')
  })

  it('a machine that was suspended after the swap does not send, although its monotonic clock did not move', async () => {
    const bench = await createLeaseBench((store) => {
      const suspend = async () => bench.clock.jump(600)
      return slowly(suspend, suspend)(store)
    })
    const lease = bench.watch('me')
    expect(await take(lease, bench.kept)).toBe('again')
    expect(await take(lease, bench.kept)).toBe('again')
  })
})

describe('a flight that ends', () => {
  it('releases a lease that it never used', async () => {
    const { watch, kept } = await createLeaseBench()
    const lease = watch('me')
    await lease.take(await kept())
    await lease.releaseUnused()
    expect((await kept()).record.ledger).toMatchObject({ attempt: 1, lease: undefined })
  })

  it('leaves a lease that it has used, or that another process has taken over', async () => {
    const { watch, kept } = await createLeaseBench()
    const [used, slow, fast] = [watch('used'), watch('slow'), watch('fast')]
    await used.take(await kept())
    used.markUsed()
    await used.releaseUnused()
    expect((await kept()).record.ledger.lease?.holder).toBe('used')
    await slow.take(await kept())
    await fast.take(await kept())
    await slow.releaseUnused()
    expect((await kept()).record.ledger.lease?.holder).toBe('fast')
  })

  it('whose swap has failed although it was made: this process does not wait for the lease, nor leave a doubt', async () => {
    let isDown = false
    const bench = await createLeaseBench(({ swap, read }) => ({
      read: (key) => (isDown ? Promise.reject(new Error('down')) : read(key)),
      async swap(...args) {
        const isMade = await swap(...args)
        if (isDown) throw new Error('down')
        return isMade
      },
    }))
    const { watch, kept } = bench
    const seen = await kept()
    isDown = true
    const lease = watch('me')
    expect(await failureOf(lease.take(seen))).toMatchObject({ code: 'store_unavailable' })
    await lease.releaseUnused()
    isDown = false
    const { record } = await kept()
    expect(record.ledger.lease?.holder).toBe('me')
    expect(watch('next').observe(record.ledger.lease)).toBe('mine')
    const taken = await watch('next').take(await kept())
    expect(taken).toMatchObject({
      snapshot: { record: { ledger: { attempt: 2, lease: { holder: 'next' } } } },
    })
    expect((await kept()).record.ledger.doubt).toBeUndefined()
  })

  it('after a second take that failed, is still one that has sent the refresh token', async () => {
    const { watch, kept, leases, cell } = await createLeaseBench()
    const lease = watch('me')
    await lease.take(await kept())
    lease.markUsed()
    const stale = await kept()
    const beaten = { attempt: 1, holder: 'me', beat: 1 }
    await cell.swapLedger(stale, { ...stale.record.ledger, lease: beaten })
    expect(await lease.take(stale)).toBe('again')
    await lease.releaseUnused()
    expect((await kept()).record.ledger.lease?.holder).toBe('me')
    expect(leases.watch(cell, 'next').observe((await kept()).record.ledger.lease)).toBe('live')
  })
})

it('a beat changes the beat, unless another process has changed the record', async () => {
  const { watch, kept } = await createLeaseBench()
  const [lease, another] = [watch('me'), watch('another')]
  await lease.take(await kept())
  const seen = await kept()
  const beaten = { record: { ledger: { lease: { attempt: 1, holder: 'me', beat: 1 } } } }
  expect(await lease.beat(seen)).toMatchObject(beaten)
  expect(await lease.beat(seen)).toBe('again')
  await another.take(await kept())
  expect((await kept()).record.ledger.doubt).toBe('unknown')
})
