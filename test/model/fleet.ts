import { createMemoryStore } from '../../packages/core/src/mechanisms/stores/memory-store.ts'
import { createGuardedStore } from '../../packages/core/src/mechanisms/stores/guarded-store.ts'
import { createSealedStore } from '../../packages/core/src/mechanisms/sessions/sealed-store.ts'
import {
  createServerClock,
  type ServerClock,
} from '../../packages/core/src/mechanisms/protocol/server-clock.ts'
import { newSession } from '../../packages/core/src/model/session-transitions.ts'
import { connectedRecord } from '../../packages/core/src/model/connected-record.ts'
import { createConnectionStore } from '../../packages/core/src/mechanisms/connections/connection-store.ts'
import { createRefreshIndex } from '../../packages/core/src/mechanisms/connections/refresh-index.ts'
import { endsAt } from '../../packages/core/src/model/session-record.ts'
import type { SessionIndex } from '../../packages/core/src/ports/session-store.ts'
import type { EventListener } from '../../packages/core/src/vocabulary/index.ts'
import { type Application, createApplication } from './application.ts'
import type { ModelServer } from './authorization-server.ts'
import { type Browser, createBrowser } from './browser.ts'
import { createFakeSeal } from './fake-seal.ts'
import { createMachine, EPOCH, type Machine } from '../machines/machine.ts'
import { linkServer, REGISTRATION } from './server-link.ts'
import { connectionOf, keysOf, SECRETS } from './owners.ts'
import { ABSOLUTE_SECONDS, COOKIE, isRegistered } from './session-visits.ts'
import { connectStore } from './store-link.ts'
import { type Surroundings, travel } from './surroundings.ts'

/** A process, and the application that runs in it. */
export interface Site {
  readonly process: Machine
  readonly application: Application
}

/** Processes that share one store and one authorization server. */
export interface Fleet {
  readonly sites: readonly Site[]
  add(): Site
  /** Before anything can go wrong. */
  signIn(grant: number): Promise<Browser>
  /** Whether the store lists the connection under its owner. */
  isListed(grant: number): Promise<boolean>
  /** Whether the refresh of idle grants finds the connection. */
  isFoundIdle(grant: number): Promise<boolean>
}

export function createFleet(surroundings: Surroundings, server: ModelServer): Fleet {
  const { plan, world, history, processes } = surroundings
  const sites: Site[] = []
  const now = () => EPOCH + world.time / 1000
  const store = createMemoryStore({ clock: { now, elapsed: () => world.time } })
  const { seal, recordOf } = createFakeSeal()
  const keys = keysOf(plan)
  const grantOf = (key: string) => keys.indexOf(key)
  const link = { ...surroundings, store, recordOf, server, grantOf }
  const stillClock = { now, elapsed: () => 0, sleep: () => Promise.resolve() }
  const guarded = createGuardedStore({ store, clock: stillClock, emit() {}, storeTimeoutMs: 1000 })
  const connections = createConnectionStore({ store: guarded, seal, now })
  // The memory store has an index.
  const refreshIndex = createRefreshIndex({
    store: connections,
    index: guarded.index as SessionIndex,
    clock: stillClock,
  })

  return {
    sites,
    add() {
      const index = processes.length
      const process = createMachine({
        index,
        world,
        aheadSeconds: plan.clocks[index] ?? 0,
        travel: () => travel(surroundings),
        onStop({ from, until }) {
          const kind = until === Infinity ? 'killed' : 'stopped'
          history.troubles.push({ ...from, process: index, kind, until })
        },
      })
      processes.push(process)
      const emit: EventListener = (event) =>
        void history.told.push({ ...history.now(), process: process.index, event })
      const request = () => port.isResponding()
      const serverClock: ServerClock = createServerClock({ clock: process.clock, emit, request })
      const port = linkServer(process, link, serverClock)
      const application = createApplication({
        process,
        plan,
        seal,
        emit,
        serverClock,
        store: connectStore(process, link),
        server: port,
        notify: (kind, key) =>
          void history.notices.push({
            ...history.now(),
            process: process.index,
            grant: grantOf(key),
            kind,
          }),
        consent: port.consent,
      })
      const site = { process, application }
      sites.push(site)
      return site
    },
    async signIn(grant) {
      const { accessToken, refreshToken = '' } = server.signIn(grant)
      const { value, expiresAt } = accessToken
      const { serverAhead: ahead } = plan
      const shown = { obtainedAt: EPOCH + (ahead ?? 0), expiresAt: expiresAt + (ahead ?? 0), ahead }
      const token = { value, type: 'Bearer', ...shown } as const
      const [secret = '', id = ''] = [SECRETS[grant], keys[grant]]
      if (plan.kind === 'connection') {
        const ref = await connections.refOf(connectionOf(grant))
        const given = { accessToken: token, refreshToken, claims: { sub: String(grant) } }
        const record = connectedRecord({ id, ...connectionOf(grant), ...REGISTRATION }, given, EPOCH)
        await connections.list(ref)
        await connections.swap(ref, undefined, record)
        await refreshIndex.move(undefined, record)
        history.commits.push({ ...history.now(), process: -1, grant, record })
        return createBrowser(grant, COOKIE, secret)
      }
      const sealedStore = createSealedStore(guarded, seal, isRegistered)
      const base = { id, ...REGISTRATION, expiresAt: EPOCH + ABSOLUTE_SECONDS, claims: { sub: id } }
      const record = newSession(base, { accessToken: token, refreshToken }, '', EPOCH)
      const inStore = plan.kind === 'server'
      if (inStore) await sealedStore.swap(id, undefined, record, endsAt(record, plan.idleTimeoutSeconds))
      const cookie = inStore ? secret : (await sealedStore.seal(record)).sealed
      history.commits.push({ ...history.now(), process: -1, grant, record })
      return createBrowser(grant, COOKIE, cookie)
    },
    async isListed(grant) {
      const held = await connections.readAll(connectionOf(grant).owner)
      return held.some(({ record }) => record && !record.ended)
    },
    async isFoundIdle(grant) {
      const names = await refreshIndex.due(Infinity)
      const found = await Promise.all(names.map(refreshIndex.keysOf))
      return found.some((each) => each.includes(keys[grant] ?? ''))
    },
  }
}
