import { createConnectionChanges } from '../../packages/core/src/mechanisms/connections/connection-changes.ts'
import type { ConnectionListener } from '../../packages/core/src/mechanisms/connections/connection-handle.ts'
import {
  type ConnectionRef,
  createConnectionStore,
} from '../../packages/core/src/mechanisms/connections/connection-store.ts'
import { requestConnectionToken } from '../../packages/core/src/mechanisms/connections/connection-tokens.ts'
import { createRefreshIndex } from '../../packages/core/src/mechanisms/connections/refresh-index.ts'
import type { TokenGrant } from '../../packages/core/src/model/token-grant.ts'
import { unlessAborted } from '../../packages/core/src/surface/bound-session.ts'
import { type Application, type ApplicationParts, leaving, wantedBy } from './application.ts'
import type { Call, Notice } from './history.ts'
import type { Act } from './plan.ts'
import { connectionOf } from './owners.ts'
import type { ConsentAct } from './server-link.ts'

/** The parts of a run that only connections use. */
export interface ConnectionSetting {
  /** The owner of a connection learns about a change of it. */
  readonly notify: (kind: Notice['kind'], key: string) => void
  /** The owner gives a new grant, or consents again to the old one. */
  readonly consent: (grant: number, act: ConsentAct) => Promise<TokenGrant>
}

/** The calls of a program for stored connections, and what their owners do. */
export function createConnectionVisits(parts: ApplicationParts): Application {
  const { server, clock, emit, refresher, seal, notify, consent } = parts
  // Unhandled rejections must be visible.
  const keepAlive = () => undefined
  const store = createConnectionStore({ store: parts.store, seal, now: () => clock.now() })
  const listener: ConnectionListener = {
    created: ({ key }) => notify('created', key),
    removed: ({ key }) => notify('removed', key),
    broken: ({ key }) => notify('broken', key),
    recovered: ({ key }) => notify('recovered', key),
  }
  const { index } = parts.store
  const refreshIndex = index && createRefreshIndex({ store, index, clock })
  const options = { store, clock, listener, refreshIndex }
  const changes = createConnectionChanges({ ...options, emit })
  const { markBroken } = changes

  async function obtain(ref: ConnectionRef, call: Call): Promise<void> {
    const { signal } = leaving(call.visit.abortMs, clock)
    signal?.throwIfAborted()
    const wanted = { ...wantedBy(call), keepAlive }
    const client = { server, refresher }
    const findClient = () => client
    const work = requestConnectionToken(ref, client, wanted, { ...options, markBroken, findClient })
    const result = await (signal ? unlessAborted(work, signal) : work)
    if (result.kind === 'token') call.token = result.token.value
    else call.signIn = result.code
  }

  async function perform(call: Call): Promise<void> {
    const { visit, grant } = call
    const ref = await store.refOf(connectionOf(grant))
    if (visit.act === 'logout') await changes.disconnect(ref, () => Promise.resolve(server), keepAlive)
    else if (isConsentAct(visit.act)) {
      const response = await consent(grant, visit.act)
      await changes.connect(ref, server, response, keepAlive)
    } else await obtain(ref, call)
  }

  return { open: () => ({ perform, finish: () => Promise.resolve([]) }) }
}

function isConsentAct(act: Act): act is ConsentAct {
  return act.startsWith('connect')
}
