import { AsyncLocalStorage } from 'node:async_hooks'
import { type Clock, createMemoryStore, type SessionStore } from '@evertoken/core'
import { evertoken } from '@evertoken/node'
import { type LogoutTokenOptions, pauseAfterProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import {
  answerWithToken,
  createApplication,
  createBrowser,
  kinds,
  origin,
  type Overrides,
} from './application.ts'
import { authorize, idle, ofType, pathOf, signIn } from './steps.ts'

function start(options: Overrides = {}, wrap = (store: SessionStore) => store) {
  let clock: Pick<Clock, 'now' | 'elapsed'> = { now: () => 0, elapsed: () => 0 }
  const store = wrap(createMemoryStore({ clock: { now: () => clock.now(), elapsed: () => clock.elapsed() } }))
  const application = createApplication({ backChannelLogout: true, ...options, store })
  clock = application.clock
  const { auth, server } = application
  const logOut = async (token: LogoutTokenOptions) => {
    const body = new URLSearchParams({ logout_token: await server.logoutToken(token) })
    const request = new Request(`${origin}/auth/back-channel-logout`, { method: 'POST', body })
    return auth.handle(request, () => new Response())
  }
  return { ...application, logOut, tab: application.browser() }
}

const bySid = ({ server }: Pick<ReturnType<typeof start>, 'server'>) => ({
  sid: server.grants.find('user-1')?.sid ?? '',
})

describe.each(kinds)('a logout token that arrives before its session is stored, %s session', (session) => {
  it.each(['sub', 'sid', 'both'] as const)('ends it (by %s)', async (by) => {
    const world = start({ session })
    const { server, tab, logOut, events } = world
    const { callback } = await authorize(tab, server)
    const hold = pauseAfterProcessing()
    server.script('token', hold)
    const signingIn = tab.get(pathOf(callback))
    await hold.reached
    const { sid } = bySid(world)
    const named = { sub: { sub: 'user-1' }, sid: { sid }, both: { sub: 'user-1', sid } }[by]
    expect((await logOut(named)).status).toBe(200)
    hold.release()

    const response = await signingIn
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'session_ended' })
    expect((await tab.get('/')).status).toBe(401)
    await idle(() => ofType(events, 'refresh_token_revoked').length > 0)
    expect(server.grants.alive('user-1')).toBe(false)
    expect(server.counts.revoke).toBe(1)
    expect(ofType(events, 'session_ended')).toMatchObject([{ reason: 'back_channel_logout' }])
    expect(ofType(events, 'refresh_token_revoked')).toMatchObject([{ outcome: 'revoked' }])
    expect(ofType(events, 'sign_in_failed')).toMatchObject([{ code: 'session_ended' }])
  })

  it('does not end other sessions', async () => {
    const { server, tab, logOut } = start({ session })
    const { callback } = await authorize(tab, server)
    await logOut({ sub: 'another' })
    await logOut({ sid: 'another' })
    await logOut({ sub: 'user-1', sid: 'another' })
    expect((await tab.get(pathOf(callback))).status).toBe(303)
    expect((await tab.get('/')).status).toBe(200)
  })

  it('lets the user sign in again, and is forgotten after 16 minutes', async () => {
    const { server, tab, logOut, clock, auth } = start({ session })
    const { callback } = await authorize(tab, server)
    await logOut({ sub: 'user-1' })
    expect((await tab.get(pathOf(callback))).status).toBe(401)
    await clock.advance(1000)
    expect((await signIn(tab, server)).status).toBe(303)
    expect((await tab.get('/')).status).toBe(200)

    const old = await server.issue({ idToken: true })
    const startOld = () =>
      tab.get('/', undefined, {}, async () => (await auth.startSession(old), new Response()))
    await clock.advance(1000)
    await logOut({ sub: 'user-1' })
    await clock.advance(958_000)
    await expect(startOld()).rejects.toMatchObject({ name: 'SignInRequiredError', code: 'session_ended' })
    await clock.advance(2000)
    expect((await startOld()).status).toBe(200)
  })

  it('is known to all processes', async () => {
    const { server, logOut, options } = start({ session })
    const elsewhere = evertoken(options)
    const tab = createBrowser(elsewhere, server, answerWithToken(elsewhere))
    const { callback } = await authorize(tab, server)
    await logOut({ sub: 'user-1' })
    expect((await tab.get(pathOf(callback))).status).toBe(401)
  })

  // Each kind of session with one kind of logout: the two differ in nothing that the other does not show.
  const by = session === 'cookie' ? 'sub' : 'sid'
  it(`ends it in every interleaving with the sign-in (by ${by})`, { timeout: 120_000 }, async () => {
    const paths = new Set<string>()
    const schedules = ['']
    // Depth first: each run follows a schedule and then prefers the logout. The other choices become schedules.
    for (let schedule = schedules.pop(); schedule !== undefined; schedule = schedules.pop()) {
      const { path, isFree } = await race(session, by, schedule)
      if (paths.has(path)) continue
      paths.add(path)
      for (let at = schedule.length; at < path.length; at++)
        if (isFree[at]) schedules.push(`${path.slice(0, at)}S`)
    }
    expect(paths.size).toBeGreaterThan(20)
  })
})

type Party = 'S' | 'L'

/** Runs a sign-in (`S`) and a logout (`L`). Their store operations take turns as the schedule specifies. */
async function race(session: (typeof kinds)[number], by: 'sub' | 'sid', schedule: string) {
  const party = new AsyncLocalStorage<Party>()
  const waiting: Record<Party, (() => void)[]> = { S: [], L: [] }
  const done: Record<Party, boolean> = { S: false, L: false }
  const gated =
    <A extends unknown[], T>(work: (...args: A) => Promise<T>, parties = 'SL') =>
    async (...args: A): Promise<T> => {
      const name = party.getStore()
      if (name && !done[name] && parties.includes(name))
        await new Promise<void>((resolve) => waiting[name].push(resolve))
      return work(...args)
    }
  const world = start({ session }, (store) => ({
    ...store,
    // A read of the logout belongs to the write before it: the order of reads and writes that differ stays the same.
    read: gated(store.read, 'S'),
    swap: gated(store.swap),
    remove: gated(store.remove),
    index: { ...store.index!, add: gated(store.index!.add), keys: gated(store.index!.keys) },
  }))
  const { server, tab, logOut, events } = world
  const { callback } = await authorize(tab, server)
  // The keys are known from here on.
  await logOut({ sub: 'another' })

  const run = (name: Party, work: () => Promise<Response>) =>
    party.run(name, async () => {
      const { status } = await work()
      done[name] = true
      return status
    })
  /** Each party is at its next operations, or done. */
  async function settled(): Promise<void> {
    const isIdle = (name: Party) => done[name] || waiting[name].length > 0
    while (!isIdle('S') || !isIdle('L')) await new Promise(setImmediate)
    for (let i = 0; i < 8; i++) await new Promise(setImmediate)
  }

  const signingIn = run('S', () => tab.get(pathOf(callback)))
  const isWaiting = async () => {
    while (waiting.S.length === 0) await new Promise(setImmediate)
  }
  // The first operation marks the login as used. The grant, and its `sid`, exist only after that.
  await isWaiting()
  for (const go of waiting.S.splice(0)) go()
  await isWaiting()
  const loggingOut = run('L', () => logOut(by === 'sub' ? { sub: 'user-1' } : bySid(world)))
  let path = ''
  const isFree: boolean[] = []
  for (await settled(); waiting.S.length + waiting.L.length > 0; await settled()) {
    const wanted = (schedule[path.length] ?? 'L') as Party
    const next = waiting[wanted].length > 0 ? wanted : wanted === 'L' ? 'S' : 'L'
    isFree.push(next === 'L' && waiting.S.length > 0)
    path += next
    for (const go of waiting[next].splice(0)) go()
  }

  expect(await loggingOut).toBe(200)
  await signingIn
  expect([path, (await tab.get('/')).status]).toEqual([path, 401])
  await idle(() => !server.grants.alive('user-1'))
  expect([path, server.grants.alive('user-1')]).toEqual([path, false])
  expect([path, ofType(events, 'session_ended').length]).toEqual([path, 1])
  return { path, isFree }
}
