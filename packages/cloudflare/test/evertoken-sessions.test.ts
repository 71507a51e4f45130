import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWorkerd, type Workerd } from './workerd.mjs'

/** The first one installs workerd. */
const SET_UP_MS = 60_000

const DAY_SECONDS = 86_400
const PATIENCE = { timeout: 10_000 }
const now = () => Date.now() / 1000
/** By how much a moment is later that is rounded up to seconds after the clock of the Worker was compared. */
const ROUNDED = [1, 2].map((seconds) => seconds * 1000)

describe('the records of Durable Objects, on workerd', () => {
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
    const { entries, alarm } = await held('session:session')
    expect(entries).toBe(1)
    expect(ROUNDED).toContain((alarm ?? 0) - later * 1000)

    await call('store', 'swap', 'session', 'first', 'second', now() + 0.2)
    await expect.poll(() => held('session:session'), PATIENCE).toEqual(nothing)
  })

  it.each([-2 * DAY_SECONDS, 2 * DAY_SECONDS])(
    'stays when a Worker writes it whose clock is off by %d s',
    async (off) => {
      const ask = (name: string, ...message: unknown[]) =>
        fetch(`${worker.url}/?name=${name}`, { method: 'PUT', body: JSON.stringify(message) })
      const [session, term] = [`session:off ${off}`, `term:off ${off}`]
      const sentAt = now() + off
      await ask(session, 'swap', null, 'first', sentAt + 60, sentAt)
      await ask(session, 'swap', 'first', 'second', now() + 60, sentAt)
      await ask(term, 'add_key', 'key', sentAt + 60, sentAt)
      expect(await (await ask(session, 'read')).json()).toBe('second')
      expect(await (await ask(term, 'list_keys')).json()).toEqual(['key'])
    },
  )

  it('stays when an earlier version of the store writes it, which does not send its time', async () => {
    const message = JSON.stringify(['swap', null, 'record', now() + 60])
    await fetch(`${worker.url}/?name=session:earlier`, { method: 'PUT', body: message })
    expect(await (await call('store', 'read', 'earlier')).json()).toBe('record')
  })

  it('is not returned to another version of the store', async () => {
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
    const { entries, alarm } = await held('term:subject')
    expect(entries).toBe(2)
    expect(ROUNDED).toContain((alarm ?? 0) - later * 1000)

    await call('index', 'remove', 'subject', 'one')
    await expect.poll(() => held('term:subject'), PATIENCE).toEqual(nothing)
  })
})
