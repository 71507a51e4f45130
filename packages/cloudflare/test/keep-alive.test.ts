import { createAuthorizationServer, createShiftableClock } from '@evertoken/testkit'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startWorkerd, type Workerd } from './workerd.mjs'

const DAY_SECONDS = 86_400
const IDLE = 6
const PATIENCE = { timeout: 60_000, interval: 100 }
/** The limit of the free plan, and what the guide recommends for it. */
const LIMITS = { PLATFORM_LIMIT: '50', MAX_REQUESTS: '40' }
/** With a fast clock, no test waits long for the end of a lock. */
const PAID = { PLATFORM_LIMIT: '1000', MAX_REQUESTS: '800', SPEED: '4' }
const NO_LIMITS = { PLATFORM_LIMIT: '100000', MAX_REQUESTS: '', SPEED: '4' }

interface Run {
  readonly refreshed: number
  readonly failed: number
  readonly needsReauthorization: number
  readonly isComplete: boolean
  readonly requests: number
}
interface Keeper {
  readonly runs: readonly Run[]
  readonly alarm: number | null
  readonly mostOpen: number
}

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** A Worker with idle grants, and one that is fresh. */
async function start(limits: Readonly<Record<string, string>>) {
  const clock = createShiftableClock()
  const server = createAuthorizationServer({ clock, reuse: 'tolerant' })
  const listening = await server.listen()
  const storage = await mkdtemp(join(tmpdir(), 'keep-alive-'))
  closers.push(
    () => rm(storage, { recursive: true, force: true }),
    () => listening.close(),
  )

  const since = Date.now()
  const startWorker = async (aheadSeconds: number) => {
    const started = await startWorkerd({
      entry: new URL('workers/keep-alive.ts', import.meta.url).pathname,
      flags: ['nodejs_compat'],
      sessions: 'SESSIONS',
      objects: { KEEPER: 'Keeper' },
      scheduled: 'SELF',
      storage,
      vars: {
        ISSUER: server.issuer,
        PAUSE_MS: '1500',
        AHEAD: String(aheadSeconds),
        SPEED: '1',
        SINCE: String(since),
        ...limits,
      },
    })
    closers.push(started.close)
    return started
  }
  let worker: Workerd = await startWorker(0)
  const call = async (path: string, init?: RequestInit) => {
    const response = await fetch(worker.url + path, init)
    if (!response.ok) throw new Error(`${path}: ${await response.text()} ${worker.output()}`)
    return response
  }
  const json = async <T>(path: string) => (await (await call(path)).json()) as T
  const save = async (owner: string) =>
    call(`/save?owner=${owner}`, {
      method: 'POST',
      body: JSON.stringify(await server.issue({ sub: owner, expiresIn: 300 })),
    })

  const owners = Array.from({ length: IDLE }, (_, i) => `idle-${i}`)
  let aheadSeconds = 0
  const advance = async () => {
    aheadSeconds += 40 * DAY_SECONDS
    clock.shift(40 * DAY_SECONDS)
    await call(`/advance?seconds=${40 * DAY_SECONDS}`)
    await save('fresh')
    server.resetCounts()
  }
  for (const owner of owners) await save(owner)
  await advance()
  return {
    server,
    call,
    /** All grants except a fresh one become idle again. */
    advance,
    keeper: () => json<Keeper>('/'),
    runSchedule: async () => (await json<{ outcome: string; run: Run }>('/scheduled')).run,
    startAlarm: () => call('/start'),
    async crash() {
      await worker.crash()
      worker = await startWorker(aheadSeconds)
    },
    /** Each idle grant was refreshed once, and still works. The fresh one was not. */
    async expectAllAlive(maxUses = 1) {
      expect(server.counts.refresh).toBeLessThanOrEqual(IDLE * maxUses)
      expect(server.maxUses()).toBeLessThanOrEqual(maxUses)
      expect(server.uses.size).toBe(IDLE)
      for (const owner of [...owners, 'fresh']) {
        expect(server.grants.alive(owner)).toBe(true)
        expect(await (await call(`/token?owner=${owner}`)).text()).toMatch(/^at_/)
      }
    },
  }
}

describe('a Worker without limits', () => {
  it('refreshes each idle grant once, also in two runs at the same time and after a crash', async () => {
    const { server, advance, runSchedule, startAlarm, keeper, crash, expectAllAlive } = await start(NO_LIMITS)
    expect(await runSchedule()).toMatchObject({ refreshed: IDLE, failed: 0, isComplete: true })
    expect(await runSchedule()).toMatchObject({ refreshed: 0, failed: 0, isComplete: true })
    await expectAllAlive()

    await advance()
    await Promise.all([runSchedule(), runSchedule(), startAlarm()])
    await expect.poll(async () => (await keeper()).runs.length, PATIENCE).toBe(1)
    expect((await keeper()).runs).toMatchObject([{ isComplete: true }])
    await expectAllAlive()

    await advance()
    await startAlarm()
    await expect.poll(() => server.counts.refresh, PATIENCE).toBeGreaterThan(0)
    await crash()
    await startAlarm()
    await expect.poll(async () => (await keeper()).runs.length, PATIENCE).toBe(2)
    expect((await keeper()).runs.at(-1)?.isComplete).toBe(true)
    await expectAllAlive(2)
  })
})

describe('a Worker with the limit of the free plan', () => {
  it('continues where a run has ended, until the alarm ends, also after an error and beside a lock', async () => {
    const { call, advance, startAlarm, keeper, runSchedule, expectAllAlive } = await start(LIMITS)
    const runs: Run[] = []
    do runs.push(await runSchedule())
    while (!runs.at(-1)?.isComplete && runs.length < 50)
    expect(runs.length).toBeGreaterThan(2)
    expect(Math.max(...runs.map(({ requests }) => requests))).toBeLessThanOrEqual(40)
    expect(runs.reduce((sum, { refreshed }) => sum + refreshed, 0)).toBe(IDLE)
    await expectAllAlive()

    await advance()
    await call('/fail?error')
    await Promise.all([startAlarm(), startAlarm()])
    await expect.poll(async () => (await keeper()).runs.at(-1)?.isComplete, PATIENCE).toBe(true)
    const { runs: alarms, alarm, mostOpen } = await keeper()
    expect(alarms.length).toBeGreaterThan(2)
    expect(Math.max(...alarms.map(({ requests }) => requests))).toBeLessThanOrEqual(40)
    expect(mostOpen).toBe(1)
    expect(alarm).toBe(null)
    await expectAllAlive()

    await advance()
    await call('/fail?evict')
    await startAlarm()
    const later = async () => (await keeper().catch(() => undefined))?.runs.slice(alarms.length) ?? []
    await expect.poll(async () => (await later()).at(-1)?.isComplete, PATIENCE).toBe(true)
    // Too few requests are left to wait for the end of the lock.
    expect(Math.max(...(await later()).map(({ requests }) => requests))).toBeLessThanOrEqual(40)
  })
})

describe('a Worker with the limit of a paid plan', () => {
  it('continues after an eviction in the middle of a refresh', async () => {
    const { call, startAlarm, keeper, expectAllAlive } = await start(PAID)
    await call('/fail?evict')
    await startAlarm()
    // The object responds to no request while it is evicted.
    const isComplete = async () => (await keeper().catch(() => undefined))?.runs.at(-1)?.isComplete
    await expect.poll(isComplete, PATIENCE).toBe(true)
    const { runs, mostOpen } = await keeper()
    expect(runs.at(-1)).toMatchObject({ failed: 0 })
    expect(mostOpen).toBe(1)
    await expectAllAlive(2)
  })
})
