import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorkerd, type Workerd } from './workerd.mjs'

/** The first one installs workerd. */
const SET_UP_MS = 60_000

const DAY_SECONDS = 86_400
const PATIENCE = { timeout: 10_000 }
const now = () => Date.now() / 1000

describe('what Durable Objects hold, on workerd', () => {
  let worker: Workerd
  const call = (...args: unknown[]) => fetch(worker.url, { method: 'POST', body: JSON.stringify(args) })
  const held = async (name: string) =>
    (await (await fetch(`${worker.url}/?name=${name}`)).json()) as { entries: number; alarm: number | null }
  const nothing = { entries: 0, alarm: null }

  beforeAll(async () => {
    const entry = new URL('workers/watched-sessions.ts', import.meta.url).pathname
    worker = await startWorkerd({ entry, sessions: 'SESSIONS' })
  }, SET_UP_MS)
  afterAll(() => worker.close())

  it('is nothing for a key that was only read', async () => {
    await call('store', 'read', 'stranger')
    expect(await held('session:stranger')).toEqual(nothing)
  })

  it('is nothing after a session was removed', async () => {
    await call('store', 'swap', 'removed', null, 'record', now() + DAY_SECONDS)
    await call('store', 'remove', 'removed')
    expect(await held('session:removed')).toEqual(nothing)
  })

  it('goes with the session, whose end every swap moves', async () => {
    const later = Math.floor(now() + DAY_SECONDS)
    await call('store', 'swap', 'session', null, 'first', later)
    expect(await held('session:session')).toEqual({ entries: 1, alarm: (later + 1) * 1000 })

    await call('store', 'swap', 'session', 'first', 'second', now() + 0.2)
    await expect.poll(() => held('session:session'), PATIENCE).toEqual(nothing)
  })

  it('is told to nobody who asks as another version of the store does', async () => {
    await call('store', 'swap', 'kept', null, 'record', now() + DAY_SECONDS)
    for (const odd of [{ do: 'read' }, ['look'], []]) {
      const asked = fetch(`${worker.url}/?name=session:kept`, { method: 'PUT', body: JSON.stringify(odd) })
      expect((await asked).status).toBe(500)
    }
    expect(await (await call('store', 'read', 'kept')).json()).toBe('record')
  })

  it('goes with the last session of a subject', async () => {
    const later = Math.floor(now() + DAY_SECONDS)
    await call('index', 'add', 'subject', 'one', later)
    await call('index', 'add', 'subject', 'other', now() + 0.2)
    expect(await held('term:subject')).toEqual({ entries: 2, alarm: (later + 1) * 1000 })

    await call('index', 'remove', 'subject', 'one')
    await expect.poll(() => held('term:subject'), PATIENCE).toEqual(nothing)
  })
})
