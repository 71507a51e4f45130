import { finishSession } from '../mechanisms/sessions/end-session.ts'
import { applyOnRefresh } from '../handlers/routes/on-sign-in.ts'
import { listNewSid, withLogoutCheck } from '../mechanisms/sessions/logout-check.ts'
import { createCookieStrategy } from '../mechanisms/sessions/cookie-sessions.ts'
import { createProtocol } from '../mechanisms/protocol/protocol.ts'
import { createSealedRecords } from '../mechanisms/sessions/sealed-store.ts'
import { createServerStrategy } from '../mechanisms/sessions/server-sessions.ts'
import { createSessionDirectory } from '../mechanisms/sessions/session-directory.ts'
import type { StoredRefresh } from '../mechanisms/refresh/attempt.ts'
import type { EndedSession } from '../ports/session-handle.ts'
import type { Runtime } from '../ports/runtime.ts'
import { recordRoom } from '../rules/sessions/cookie-budget.ts'
import { cookieName } from '../rules/sessions/cookies.ts'
import { userClaims, readJwt } from '../rules/protocol/jwt.ts'
import { createCurrentSession, type CurrentSession } from './current-session.ts'
import { withDefaultStore } from './default-store.ts'
import { assemble, type Features, type Ground, type SessionEngine } from './engine.ts'
import { checkOptions, type EngineOptions, type EvertokenOptions, type Settings } from './options.ts'
import { createRoutes } from './routes.ts'
import { createUserSession, type UserSession } from './user-session.ts'

/** The request handler of an application. `session` is the session of the user. */
export type Handler = (request: Request, session: CurrentSession) => Response | Promise<Response>

export type Engine = SessionEngine<UserSession>

/**
 * Token management for the users of one application. It also has the functions of the session interface, for the user
 * of the request being handled.
 */
export interface Evertoken extends Engine, CurrentSession {}

/**
 * Creates the token management of an application. Applications call `evertoken` of the package for their runtime
 * instead.
 *
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createEvertoken(options: EvertokenOptions, runtime: Runtime): Evertoken {
  const engine = createEngine(withDefaultStore(options, runtime.environment), runtime)
  return { ...createCurrentSession(runtime.context, options.onEvent), ...engine }
}

/**
 * Creates the part that needs the options. It is for runtimes that have them only at the first request, and no memory
 * for a default store. `createCurrentSession` finds the sessions of its requests if both get the same context.
 *
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createEngine(options: EngineOptions, runtime: Runtime): Engine {
  return assemble(checkOptions(options), runtime, signInFeatures)
}

function signInFeatures(ground: Ground<Settings>): Features<UserSession> {
  const { issuer, store, onRefreshed } = ground
  const server = createProtocol(ground)
  const directory =
    ground.backChannelLogout && store.index ? createSessionDirectory(store, store.index, issuer) : undefined
  const claimsOf = (idToken: string) => {
    const claims = readJwt(idToken)?.claims
    return claims?.['iss'] === issuer ? userClaims(claims) : {}
  }
  const maxRecordBytes = recordRoom(cookieName(ground.cookieName, true), ground.maxCookieBytes)
  const kindOptions = { ...ground, unlist: directory?.forget }
  const cookies = createSealedRecords(ground.sealFor('cookie'))
  const kept =
    ground.session === 'server'
      ? createServerStrategy({ ...kindOptions, mac: ground.macFor('server session') })
      : createCookieStrategy({ ...kindOptions, cookies, maxRecordBytes, allStored: directory !== undefined })
  const revocation = { ...ground, protocol: server, revoke: ground.revokeOnLogout }
  const check = directory && {
    directory,
    revoke: ground.revokeOnLogout,
    finish: (key: string, ended: EndedSession) => finishSession(key, ended, revocation),
  }
  const kind = check ? withLogoutCheck(kept, check) : kept

  async function shapeClaims(refresh: StoredRefresh): Promise<void> {
    const claims = await applyOnRefresh(refresh, { ...revocation, claimsOf })
    if (claims) await onRefreshed?.(claims)
  }

  return {
    server,
    kind,
    claimsOf,
    keepClaims: ground.onSignIn !== undefined,
    starting: directory?.add,
    refreshed: (refresh) =>
      Promise.allSettled([
        check && listNewSid(refresh, { ...check, pending: kept.pending }),
        shapeClaims(refresh),
      ]),
    routes: createRoutes({ ...ground, sessions: kind, directory, protocol: server }),
    user: createUserSession,
  }
}
