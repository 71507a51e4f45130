import type { SessionStore } from '@evertoken/core'
import { keepAlive } from '@evertoken/core/keep-alive'
import { connectOnLoopback } from '@evertoken/core/loopback'
import { pauseAfterProcessing } from '@evertoken/testkit'
import { describe, expect, it } from 'vitest'
import { createConnectionWorld, LIFETIME, settle } from './connection-owners.ts'

type Fetch = typeof globalThis.fetch

interface LossyState {
  loses: boolean
  fails: boolean
  instead?: () => Promise<unknown>
  /** Makes the swap whose response was lost. */
  late: () => Promise<boolean>
}

/**
 * A store whose next swap fails while `loses` is set, and whose next read fails too. Only the response of the swap is lost, unless
 * there is something else that happens instead of the swap.
 */
function createLossyStore(store: SessionStore) {
  const state: LossyState = { loses: false, fails: false, late: () => Promise.resolve(false) }
  const lossy: SessionStore = {
    ...store,
    async read(key) {
      if (!state.fails) return store.read(key)
      state.fails = false
      throw new Error('the store is not reachable')
    },
    async swap(key, from, ...rest) {
      const { loses, instead } = state
      if (!loses) return store.swap(key, from, ...rest)
      state.loses = false
      state.late = () => store.swap(key, from, ...rest)
      await (instead ?? state.late)()
      state.fails = true
      throw new Error('the response was lost')
    },
  }
  return { lossy, state }
}

function createReportWorld() {
  const world = createConnectionWorld()
  const { lossy, state } = createLossyStore(world.store)
  const types = (type: string) => world.events.filter((event) => event.type === type)
  const wait = () => settle(world.clock, world.clock.sleep(2000))
  return { ...world, state, types, wait, google: world.process({ store: lossy }).get('ada', 'google') }
}

describe('the owner', () => {
  it('learns about a refused grant although the response of the store was lost', async () => {
    const { process, server, clock, store, broken, events } = createConnectionWorld()
    const { lossy, state } = createLossyStore(store)
    const fetch: Fetch = async (input, init) => {
      const response = await server.fetch(input, init)
      state.loses = response.status === 400
      return response
    }
    const google = process({ store: lossy, provider: { fetch } }).get('ada', 'google')
    await google.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    server.grants.end('account-1')
    await clock.advance((LIFETIME + 1) * 1000)
    await settle(
      clock,
      google.getAccessToken().catch(() => undefined),
    )
    for (let i = 0; i < 20; i++) await settle(clock, clock.sleep(100))
    expect(await google.getState()).toMatchObject({ reason: 'grant_rejected' })
    expect(broken).toMatchObject([{ reason: 'grant_rejected' }])
    expect(events.filter(({ type }) => type === 'connection_broken')).toHaveLength(1)
  })

  it('learns about a grant without a refresh token although the response of the store was lost', async () => {
    const { process, clock, store, broken } = createConnectionWorld()
    const { lossy, state } = createLossyStore(store)
    const google = process({ store: lossy }).get('ada', 'google')
    await google.save({ access_token: 'short', token_type: 'bearer', expires_in: 10 })
    await clock.advance(11_000)
    state.loses = true
    await settle(
      clock,
      google.getAccessToken().catch(() => undefined),
    )
    for (let i = 0; i < 20; i++) await settle(clock, clock.sleep(100))
    expect(broken).toMatchObject([{ reason: 'no_refresh_token' }])
    expect(await google.getAccessToken()).toBeUndefined()
    expect(broken).toHaveLength(1)
  })

  it('learns once about a fault that another process has stored, while the swap of this process failed', async () => {
    const { process, google, clock, state, broken, types, wait } = createReportWorld()
    await google.save({ access_token: 'short', token_type: 'bearer', expires_in: 10 })
    await clock.advance(11_000)
    const other = process().get('ada', 'google')
    Object.assign(state, { loses: true, instead: () => other.getAccessToken() })
    await settle(
      clock,
      google.getAccessToken().catch(() => undefined),
    )
    await wait()
    expect(await google.getAccessToken()).toBeUndefined()
    expect([broken.length, types('connection_broken').length]).toEqual([1, 1])
  })

  it('learns once that the connection works again, by a new grant or a refresh whose swap lost its response', async () => {
    const { google, server, clock, state, broken, recovered, wait } = createReportWorld()
    const refuse = async () => {
      server.script('refresh', [{ type: 'error', error: 'invalid_grant' }])
      await clock.advance((LIFETIME + 1) * 1000)
      expect(await settle(clock, google.getAccessToken())).toBeUndefined()
    }
    await google.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    await refuse()
    state.loses = true
    const grant = await server.issue({ sub: 'account-1', expiresIn: LIFETIME })
    await expect(settle(clock, google.save(grant))).rejects.toMatchObject({ code: 'store_unavailable' })
    await wait()
    expect([broken.length, recovered.length]).toEqual([1, 1])
    await refuse()
    const held = pauseAfterProcessing()
    server.script('refresh', [held])
    const token = google.getAccessToken({ forceRefresh: true })
    await held.reached
    state.loses = true
    held.release()
    expect(await settle(clock, token)).toBeDefined()
    await wait()
    expect([broken.length, recovered.length]).toEqual([2, 2])
  })

  it('causes one event with each connection and removal, also if the response of the store was lost', async () => {
    const { google, server, clock, state, types, wait } = createReportWorld()
    const grant = await server.issue({ sub: 'account-1', expiresIn: LIFETIME })
    state.loses = true
    await expect(google.save(grant)).rejects.toMatchObject({ code: 'store_unavailable' })
    await google.save(grant)
    await settle(clock, wait())
    expect(types('connection_created')).toHaveLength(1)
    state.loses = true
    await expect(google.disconnect()).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await google.disconnect()).toBe('revoked')
    await wait()
    expect(types('connection_removed')).toHaveLength(1)
  })

  it('learns about a fault although another process has ended it before this one reads the record', async () => {
    const { process, google, server, clock, state, broken, recovered, wait } = createReportWorld()
    await google.save({ access_token: 'short', token_type: 'bearer', expires_in: 10 })
    await clock.advance(11_000)
    const grant = await server.issue({ sub: 'account-1', expiresIn: LIFETIME })
    const instead = async () => {
      await state.late()
      await process().get('ada', 'google').save(grant)
    }
    Object.assign(state, { loses: true, instead })
    await settle(
      clock,
      google.getAccessToken().catch(() => undefined),
    )
    await wait()
    expect([broken.length, recovered.length]).toEqual([1, 1])
  })

  it('learns about each change once, and a store cannot make a swap after the process has read the record', async () => {
    const { google, server, clock, state, types, wait } = createReportWorld()
    const grant = await server.issue({ sub: 'account-1', expiresIn: LIFETIME })
    const changes: (() => Promise<unknown>)[] = [() => google.save(grant), () => google.disconnect()]
    for (const change of changes) {
      const before = await google.getState()
      Object.assign(state, { loses: true, instead: async () => undefined })
      await expect(settle(clock, change())).rejects.toMatchObject({ code: 'store_unavailable' })
      await wait()
      expect(await state.late()).toBe(false)
      expect(await google.getState()).toEqual(before)
      await settle(clock, change())
    }
    expect([types('connection_created').length, types('connection_removed').length]).toEqual([1, 1])
  })

  it('causes no event for a connection that was not stored', async () => {
    const { google, server, state, types, wait } = createReportWorld()
    const grant = await server.issue({ sub: 'account-1', expiresIn: LIFETIME })
    Object.assign(state, { loses: true, instead: async () => undefined })
    await expect(google.save(grant)).rejects.toMatchObject({ code: 'store_unavailable' })
    await wait()
    expect(types('connection_created')).toEqual([])
  })
})

describe('a connection that was stored while the index of the store fails', () => {
  it.each([2, 3, 4, 5])('is connected, if the entry %i is not written', async (failsAt) => {
    const { process, server, store, clock } = createConnectionWorld()
    let adds = 0
    let isStored = false
    const failing: SessionStore = {
      ...store,
      swap: async (...change) => (isStored = await store.swap(...change)),
      index: {
        ...(store.index as NonNullable<SessionStore['index']>),
        async add(...entry) {
          if (++adds >= failsAt && isStored) throw new Error('the index is not reachable')
          await store.index?.add(...entry)
        },
      },
    }
    const hooks: string[] = []
    const provider = { onConnected: ({ owner }: { readonly owner: string }) => void hooks.push(owner) }
    const google = process({ store: failing, keepAlive: keepAlive(), provider }).get('ada', 'google')
    const attempt = await connectOnLoopback(google, { redirectUri: 'http://127.0.0.1:8085/callback/google' })
    const begun = await attempt.receive(new Request(attempt.url))
    const [cookie = ''] = (begun.headers.get('set-cookie') ?? '').split(';', 1)
    const redirect = await server.fetch(begun.headers.get('location') ?? '', { redirect: 'manual' })
    const page = attempt.receive(new Request(redirect.headers.get('location') ?? '', { headers: { cookie } }))
    await settle(clock, attempt.finished)
    expect([(await page).status, hooks]).toEqual([200, ['ada']])
    expect(await google.getState()).toMatchObject({ state: 'active' })
    adds = -Infinity
    await settle(clock, clock.sleep(2000))
    const found = await process().list('ada')
    expect(found).toHaveLength(1)
  })
})

describe('a refresh in progress while the owner connects again', () => {
  /** Disconnects during a refresh, and resolves to the revocations after the next account is saved and the response arrives. */
  async function reconnect(sub: string) {
    const { process, server, clock } = createConnectionWorld()
    const google = process().get('ada', 'google')
    await google.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    await clock.advance((LIFETIME + 1) * 1000)
    const held = pauseAfterProcessing()
    server.script('refresh', [held])
    const refreshing = google.getAccessToken()
    await held.reached
    expect(await google.disconnect()).toBe('revoked')
    const next = await server.issue({ sub, expiresIn: LIFETIME })
    await google.save(next)
    held.release()
    expect((await settle(clock, refreshing))?.value).toBe(next.access_token)
    await settle(clock, clock.sleep(2000))
    expect(await google.getState()).toMatchObject({ state: 'active', claims: { sub } })
    return server.log.filter(({ kind }) => kind === 'revoke').length
  }

  it('revokes its refresh token if it is of another account', async () => {
    expect(await reconnect('account-2')).toBe(2)
  })

  it('does not revoke it if it is of the same account, whose new grant could end', async () => {
    expect(await reconnect('account-1')).toBe(1)
  })
})

describe('a failed revocation', () => {
  it.each([
    ['account-2', false],
    // The server can have continued the grant, and a revocation could end it.
    ['account-1', true],
  ])(
    'is repeated before the grant is forgotten, unless the owner connects the same account: %s',
    async (sub, isAlive) => {
      const { google, server, clock } = createReportWorld()
      const first = await server.issue({ sub: 'account-1', expiresIn: LIFETIME })
      await google.save(first)
      // The first repetition fails too.
      server.script('revoke', [
        { type: 'status', status: 503 },
        { type: 'status', status: 503 },
      ])
      expect(await google.disconnect()).toBe('failed')
      await google.save(await server.issue({ sub, expiresIn: LIFETIME }))
      await settle(clock, clock.sleep(30_000))
      expect(server.introspect(first.access_token).active).toBe(isAlive)
      expect(await google.getState()).toMatchObject({ state: 'active', claims: { sub } })
      expect(server.log.filter(({ kind }) => kind === 'revoke')).toHaveLength(isAlive ? 1 : 3)
    },
  )

  it('is repeated although the response of the store about the new grant was lost', async () => {
    const { google, server, clock, state } = createReportWorld()
    await google.save(await server.issue({ sub: 'account-1', expiresIn: LIFETIME }))
    server.script('revoke', [{ type: 'status', status: 503 }])
    expect(await google.disconnect()).toBe('failed')
    state.loses = true
    const grant = await server.issue({ sub: 'account-2', expiresIn: LIFETIME })
    await expect(settle(clock, google.save(grant))).rejects.toMatchObject({ code: 'store_unavailable' })
    await settle(clock, clock.sleep(30_000))
    expect([server.grants.alive('account-1'), server.grants.alive('account-2')]).toEqual([false, true])
  })

  it.each([
    ['google', true],
    ['google', false],
    ['google:work', true],
  ] as const)(
    'is not repeated while the owner has the account again, as %s, with an index: %s',
    async (name, hasIndex) => {
      const { process, server, clock, store } = createConnectionWorld()
      const { index: _, ...unlisted } = store
      const connections = process({ store: hasIndex ? store : unlisted })
      const google = connections.get('ada', 'google')
      const grant = async (sub: string) => server.issue({ sub, expiresIn: LIFETIME })
      await google.save(await grant('account-1'))
      server.script('revoke', [
        { type: 'status', status: 503 },
        { type: 'status', status: 503 },
      ])
      expect(await google.disconnect()).toBe('failed')
      await google.save(await grant('account-2'))
      await settle(clock, clock.sleep(500))
      if (name === 'google') expect(await google.disconnect()).toBe('revoked')
      const before = server.log.filter(({ kind }) => kind === 'revoke').length
      await connections.get('ada', name).save(await grant('account-1'))
      await settle(clock, clock.sleep(30_000))
      expect(server.log.filter(({ kind }) => kind === 'revoke')).toHaveLength(before)
      expect(server.grants.alive('account-1')).toBe(true)
    },
  )
})
