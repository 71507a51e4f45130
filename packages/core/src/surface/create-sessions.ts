import { createCookieStrategy } from '../mechanisms/sessions/cookie-sessions.ts'
import { listWrites } from '../mechanisms/sessions/list-writes.ts'
import { createSealedRecords } from '../mechanisms/sessions/sealed-store.ts'
import { createServerStrategy } from '../mechanisms/sessions/server-sessions.ts'
import type { SessionDirectory } from '../mechanisms/sessions/session-directory.ts'
import type { SessionStrategy } from '../mechanisms/sessions/session-strategy.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { StoredRefresh } from '../ports/session-handle.ts'
import { recordRoom } from '../rules/sessions/cookie-budget.ts'
import { cookieName } from '../rules/sessions/cookies.ts'
import type { EngineContext } from './engine-context.ts'
import type { Settings } from './options.ts'

/** Creates the kind of session that the options select. */
export function createSessions(
  settings: Settings,
  { sealedStore, clock, emit, registration, isRegistered, sealSessionsFor, macFor, createMap }: EngineContext,
  { pollMs }: Runtime,
  directory: SessionDirectory | undefined,
  refreshed: ((refresh: StoredRefresh) => Promise<unknown>) | undefined,
): SessionStrategy {
  const { idleTimeoutSeconds } = settings
  const keepClaims = settings.onSignIn !== undefined
  const unlist = directory?.forget
  const shared = {
    sealedStore: directory ? listWrites(sealedStore, directory.add) : sealedStore,
    clock,
    emit,
    idleTimeoutSeconds,
    unlist,
    pollMs,
    keepClaims,
    refreshed,
  }
  if (settings.session === 'server')
    return createServerStrategy({ ...shared, createMap, mac: macFor('server session') })
  return createCookieStrategy({
    ...shared,
    registration,
    cookies: createSealedRecords(sealSessionsFor('cookie'), isRegistered, createMap),
    maxRecordBytes: recordRoom(cookieName(settings.cookieName, true), settings.maxCookieBytes),
    allStored: directory !== undefined,
    // A logout token must end each session, also one that no request has used since the option was set.
    acceptsUnlisted: !settings.backChannelLogout,
  })
}
