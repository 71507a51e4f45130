import { createManualClock } from '@evertoken/testkit'
import { describe, expect, it, vi } from 'vitest'
import { createGuardedStore } from '../../src/mechanisms/stores/guarded-store.ts'
import { createMemoryStore } from '../../src/mechanisms/stores/memory-store.ts'
import type { SessionStore } from '../../src/ports/session-store.ts'
import { ConfigurationError, type EvertokenEvent, OperatorError } from '../../src/vocabulary/index.ts'
import { asleep, failureOf, hangs, STORE_TIMEOUT_MS } from './bench.ts'

const LATER = 1_800_090_000

/** Creates a guarded memory store that can fail, and lists the operations that reach it. */
function create(storeTimeoutMs = STORE_TIMEOUT_MS) {
  const clock = createManualClock()
  const honest = createMemoryStore({ clock })
  const events: EvertokenEvent[] = []
  const asked: string[] = []
  const control: { down: (() => Promise<never>) | undefined } = { down: undefined }
  const meet = <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    asked.push(operation)
    return control.down?.() ?? work()
  }
  const store: SessionStore = {
    read: (key) => meet('read', () => honest.read(key)),
    swap: (...swap) => meet('swap', () => honest.swap(...swap)),
    remove: (key) => meet('remove', () => honest.remove(key)),
  }
  const emit = (event: EvertokenEvent) => void events.push(event)
  const guarded = createGuardedStore({ store, emit, clock, storeTimeoutMs, random: () => 1 })

  /** Lets time pass until the work is done, and resolves to how many milliseconds that took. */
  async function timed(work: Promise<unknown>): Promise<number> {
    const startedAt = clock.elapsed()
    let done = false
    const settle = () => void (done = true)
    work.then(settle, settle)
    for (;;) {
      await asleep(clock, work)
      if (done) return clock.elapsed() - startedAt
      await clock.advance(100)
    }
  }

  async function breakDown(down: () => Promise<never>): Promise<void> {
    control.down = down
    for (let i = 0; i < 3; i++) await timed(guarded.read('k'))
  }

  return { clock, honest, events, asked, control, guarded, timed, breakDown }
}

const reset = () => Promise.reject(new Error('reset'))
const isPending = Symbol('pending')

/** Returns the error of a call, or `isPending` if the call needs time to pass. */
async function immediately(work: Promise<unknown>): Promise<unknown> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
  const outcome = work.then(
    () => 'done',
    (error: unknown) => error,
  )
  return Promise.race([outcome, new Promise((resolve) => setTimeout(resolve, 0, isPending))])
}

describe('a store that hangs', () => {
  it('makes three callers wait; others fail immediately, with a typed error', async () => {
    const { guarded, asked, clock, breakDown } = create()
    await breakDown(hangs)
    expect(asked).toHaveLength(3)
    for (const call of [
      () => guarded.read('k'),
      () => guarded.remove('k'),
      () => guarded.swap('k', undefined, 'r', LATER),
    ]) {
      const failure = await immediately(call())
      expect(failure).toBeInstanceOf(OperatorError)
      expect(failure).toMatchObject({
        name: 'OperatorError',
        code: 'store_unavailable',
        retryAfterSeconds: 1,
        cause: { name: 'TimeoutError' },
      })
    }
    expect(asked).toHaveLength(3)
    expect(clock.pending).toBe(0)
  })

  it('gets one operation at a time as a probe, whose caller waits for half a second at most', async () => {
    const { guarded, asked, clock, timed, breakDown } = create()
    await breakDown(hangs)
    await clock.advance(100)
    const probe = guarded.read('k')
    const others = Array.from({ length: 20 }, () => guarded.read('k'))
    for (const other of others) expect(await immediately(other)).toBeInstanceOf(OperatorError)
    expect(asked).toHaveLength(4)
    const failed = failureOf(probe)
    expect(await timed(probe)).toBeLessThanOrEqual(500)
    expect(await failed).toMatchObject({ code: 'store_unavailable' })
  })

  it('emits one event when the outage begins and one when it ends', async () => {
    const { guarded, events, clock, control, timed, breakDown } = create()
    const startedAt = clock.elapsed()
    await breakDown(hangs)
    const failedAt = startedAt + STORE_TIMEOUT_MS
    for (let i = 0; i < 30; i++) {
      await timed(guarded.read('k'))
      await clock.advance(100)
    }
    expect(events).toEqual([{ type: 'store_failed', operation: 'read', cause: expect.anything() }])
    control.down = undefined
    await clock.advance(1000)
    expect(await guarded.read('k')).toBeUndefined()
    expect(events.slice(1)).toEqual([{ type: 'store_recovered', durationMs: clock.elapsed() - failedAt }])
    await Promise.all([guarded.read('k'), guarded.read('k')])
    expect(events).toHaveLength(2)
  })

  it('accepts a write that is repeated within a second after it is back', async () => {
    const { guarded, honest, control, clock, timed, breakDown } = create()
    await breakDown(hangs)
    const others = () => Promise.allSettled([guarded.read('a'), guarded.read('b')])
    const persist = () => guarded.swap('k', undefined, 'fresh', LATER).catch(() => false)
    for (let i = 0; i < 12; i++) {
      await timed(Promise.all([others(), persist()]))
      await clock.advance(170)
    }
    control.down = undefined
    const backAt = clock.elapsed()
    while (!(await persist())) await clock.advance(50)
    expect(clock.elapsed() - backAt).toBeLessThan(1000)
    expect(await honest.read('k')).toBe('fresh')
  })
})

it('a swap that was not sent to the store is not verified by a read', async () => {
  const { guarded, asked, clock, breakDown } = create()
  await breakDown(hangs)
  // The next probe is due soon, so a read would be sent.
  await clock.advance(99)
  const swap = guarded.swap('k', undefined, 'r', LATER)
  const failure = failureOf(swap)
  await clock.advance(1)
  expect(await failure).toMatchObject({ message: expect.stringContaining('swap') })
  expect(asked).toHaveLength(3)
})

it('a probe that gets its response after its caller was released ends the outage', async () => {
  const { guarded, events, clock, control, breakDown } = create()
  await breakDown(hangs)
  await clock.advance(100)
  let respond = (): void => undefined
  control.down = () =>
    new Promise((resolve) => {
      respond = resolve as () => void
    })
  const failure = failureOf(guarded.read('k'))
  await asleep(clock, failure, 2)
  await clock.advance(500)
  expect(await failure).toBeInstanceOf(OperatorError)
  control.down = undefined
  respond()
  await expect.poll(() => events.map(({ type }) => type)).toEqual(['store_failed', 'store_recovered'])
  expect(await guarded.read('k')).toBeUndefined()
  expect(clock.pending).toBe(0)
})

it('calls that arrive together long after the outage all succeed', async () => {
  const { guarded, asked, events, clock, control, breakDown } = create()
  await breakDown(hangs)
  control.down = undefined
  await clock.advance(60_000)
  await Promise.all(Array.from({ length: 20 }, () => guarded.read('k')))
  expect(asked).toHaveLength(23)
  expect(events.map(({ type }) => type)).toEqual(['store_failed', 'store_recovered'])
})

it('a probe that is cut off with its request does not keep the next from being made', async () => {
  const { guarded, asked, clock, control, breakDown } = create()
  await breakDown(hangs)
  await clock.advance(100)
  // On Workers, neither the operation nor its timers ever settle once the request is gone.
  const sleep = vi.spyOn(clock, 'sleep').mockImplementation(hangs)
  void guarded.read('k')
  await expect.poll(() => sleep.mock.calls.length).toBe(2)
  sleep.mockRestore()
  control.down = undefined
  await clock.advance(499)
  expect(await immediately(guarded.read('k'))).toBeInstanceOf(OperatorError)
  await clock.advance(1)
  expect(await guarded.read('k')).toBeUndefined()
  expect(asked).toHaveLength(5)
})

it('failures that come in after the store has recovered begin no new outage', async () => {
  const { guarded, events, clock, control } = create()
  control.down = hangs
  const hanging = Array.from({ length: 6 }, (_, i) => ({ i, failure: failureOf(guarded.read(`${i}`)) }))
  await asleep(clock, Promise.all(hanging.map(({ failure }) => failure)), 6)
  control.down = reset
  for (let i = 0; i < 3; i++) await failureOf(guarded.read('k'))
  control.down = undefined
  await clock.advance(1000)
  expect(await guarded.read('k')).toBeUndefined()
  await clock.advance(STORE_TIMEOUT_MS)
  for (const { failure } of hanging) expect(await failure).toBeInstanceOf(OperatorError)
  expect(await guarded.read('k')).toBeUndefined()
  expect(events.map(({ type }) => type)).toEqual(['store_failed', 'store_recovered'])
})

it('the configuration error of a store reaches every caller, and one event reports it', async () => {
  const { guarded, asked, events, control } = create()
  const error = new ConfigurationError('invalid_option', 'Set the store up')
  control.down = () => Promise.reject(error)
  for (let i = 0; i < 10; i++) expect(await failureOf(guarded.read('k'))).toBe(error)
  expect(asked).toHaveLength(10)
  expect(events).toEqual([{ type: 'store_failed', operation: 'read', cause: expect.anything() }])
})

it('every call uses a store that fails fast, so it works again immediately', async () => {
  const { guarded, asked, events, control, clock } = create()
  control.down = reset
  for (let i = 0; i < 20; i++) await failureOf(guarded.read('k'))
  expect(asked).toHaveLength(20)
  control.down = undefined
  expect(await guarded.read('k')).toBeUndefined()
  await clock.advance(1000)
  await guarded.read('k')
  expect(events.map(({ type }) => type)).toEqual(['store_failed', 'store_recovered'])
})

it('a store with late errors makes as few callers wait as one that hangs', async () => {
  const { guarded, asked, control, clock, timed } = create()
  control.down = () => clock.sleep(3000).then(reset)
  for (let i = 0; i < 4; i++) expect(await timed(guarded.read('k'))).toBe(3000)
  expect(await timed(guarded.read('k'))).toBe(0)
  expect(asked).toHaveLength(4)
})

it('two failures do not make other operations fail', async () => {
  const { guarded, asked, control } = create()
  for (let i = 0; i < 10; i++) {
    control.down = reset
    await failureOf(guarded.read('k'))
    await failureOf(guarded.read('k'))
    control.down = undefined
    expect(await guarded.read('k')).toBeUndefined()
  }
  expect(asked).toHaveLength(30)
})

it('reads no clock and sets no timer while the store works', async () => {
  const { guarded, clock } = create()
  const [elapsed, sleep, now] = [vi.spyOn(clock, 'elapsed'), vi.spyOn(clock, 'sleep'), vi.spyOn(clock, 'now')]
  await guarded.swap('k', undefined, 'r', LATER)
  const [before, nows] = [elapsed.mock.calls.length, now.mock.calls.length]
  await guarded.read('k')
  // The memory store reads one time, to check whether the record has expired.
  expect(elapsed.mock.calls.length - before).toBe(1)
  expect([sleep.mock.calls.length, now.mock.calls.length - nows]).toEqual([0, 0])
})

it('with a shorter time limit than a probe has, a probe is as short', async () => {
  const { guarded, clock, timed, breakDown } = create(100)
  await breakDown(hangs)
  await clock.advance(100)
  expect(await timed(guarded.read('k'))).toBe(100)
})
