import { finishSession } from '../mechanisms/sessions/end-session.ts'
import { applyOnRefresh } from '../handlers/routes/on-sign-in.ts'
import { listNewSid, withLogoutCheck } from '../mechanisms/sessions/logout-check.ts'
import { createCookieStrategy } from '../mechanisms/sessions/cookie-sessions.ts'
import { createAuthorizationServers } from '../mechanisms/protocol/authorization-servers.ts'
import { createAuthorizationServer } from '../mechanisms/protocol/authorization-server.ts'
import { createSealedRecords } from '../mechanisms/sessions/sealed-store.ts'
import { createServerStrategy } from '../mechanisms/sessions/server-sessions.ts'
import { createSessionDirectory } from '../mechanisms/sessions/session-directory.ts'
import type { EndedSession, StoredRefresh } from '../ports/session-handle.ts'
import type { Runtime } from '../ports/runtime.ts'
import { recordRoom } from '../rules/sessions/cookie-budget.ts'
import { cookieName } from '../rules/sessions/cookies.ts'
import { userClaims, readJwt } from '../rules/protocol/jwt.ts'
import type { ClientTokenAccess } from './client-access.ts'
import { findCurrent } from './current-session.ts'
import type { ClientCredentials, TokenName, UserTokenName } from './token-source.ts'
import { withDefaultStore } from './default-store.ts'
import { assemble, type Features, type Ground, type SessionEngine } from './engine.ts'
import {
  checkOptions,
  type EngineOptions,
  type EvertokenOptions,
  type Settings,
  type WithClient,
} from './options.ts'
import { createRoutes } from './routes.ts'
import { createCurrentSession, createUserSession, type UserSession } from './user-session.ts'

/** The request handler of an application. `session` is the session of the user. */
export type Handler<Name extends TokenName = UserTokenName> = (
  request: Request,
  session: UserSession<Name>,
) => Response | Promise<Response>

export type Engine<Name extends TokenName = UserTokenName> = SessionEngine<UserSession<Name>>

/**
 * Token management for the users of one application. It also has the functions of the session interface, for the user
 * of the request being handled.
 */
export interface Evertoken<Name extends TokenName = UserTokenName> extends Engine<Name>, UserSession<Name> {}

/** `Evertoken` with the option `client`: it also has the token of the application itself. */
export interface EvertokenWithClient extends Evertoken<TokenName>, ClientTokenAccess {}

/** The names of tokens that an application with this option `client` can use. */
export type NameFor<Client> = [Client] extends [ClientCredentials] ? TokenName : UserTokenName
export type EvertokenFor<Client> = [Client] extends [ClientCredentials] ? EvertokenWithClient : Evertoken

/**
 * Creates the token management of an application. Applications call `evertoken` of the package for their runtime
 * instead.
 *
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createEvertoken<Client = undefined>(
  options: EvertokenOptions & WithClient<Client>,
  runtime: Runtime,
): EvertokenFor<Client> {
  const engine = createEngine(withDefaultStore<EvertokenOptions>(options, runtime.environment), runtime)
  const application = () => engine.application
  const outside = { application, session: () => findCurrent(runtime.context) }
  const current = createCurrentSession(runtime.context, options.onEvent, outside)
  const evertoken: EvertokenWithClient = { ...current, ...engine }
  return evertoken
}

/**
 * Creates the part that needs the options. It is for runtimes that have them only at the first request, and no memory
 * for a default store. `createCurrentSession` finds the sessions of its requests if both get the same context.
 *
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createEngine(options: EngineOptions, runtime: Runtime): Engine<TokenName> {
  return assemble(checkOptions(options), runtime, signInFeatures)
}

function signInFeatures(ground: Ground<Settings>): Features<UserSession<TokenName>> {
  const { issuer, store, onRefreshed } = ground
  const server = createAuthorizationServer(ground)
  const servers = createAuthorizationServers([server])
  const directory =
    ground.backChannelLogout && store.index ? createSessionDirectory(store, store.index, issuer) : undefined
  const claimsOf = (idToken: string) => {
    const claims = readJwt(idToken)?.claims
    return claims?.['iss'] === issuer ? userClaims(claims) : {}
  }
  const maxRecordBytes = recordRoom(cookieName(ground.cookieName, true), ground.maxCookieBytes)
  const kindOptions = {
    ...ground,
    unlist: directory?.forget,
    keepClaims: ground.onSignIn !== undefined,
    refreshed: (refresh: StoredRefresh): Promise<unknown> =>
      Promise.allSettled([
        check && listNewSid(refresh, { ...check, pending: kept.pending }),
        shapeClaims(refresh),
      ]),
  }
  const cookies = createSealedRecords(ground.sealFor('cookie'), ground.isRegistered)
  const kept =
    ground.session === 'server'
      ? createServerStrategy({ ...kindOptions, mac: ground.macFor('server session') })
      : createCookieStrategy({ ...kindOptions, cookies, maxRecordBytes, allStored: directory !== undefined })
  const revocation = { ...ground, servers, revoke: ground.revokeOnLogout }
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
    servers,
    kind,
    client: ground.client,
    claimsOf,
    starting: directory?.add,
    routes: createRoutes({ ...ground, sessions: kind, directory, protocol: server, servers }),
    user: createUserSession,
  }
}
