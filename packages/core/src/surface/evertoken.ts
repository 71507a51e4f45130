import { detailTypes } from '../rules/protocol/authorization-details.ts'
import { finishSession, type FinishSessionOptions } from '../mechanisms/sessions/end-session.ts'
import { applyOnRefresh } from '../handlers/routes/on-sign-in.ts'
import { listNewSid, withLogoutCheck } from '../mechanisms/sessions/logout-check.ts'
import { createChunkedCookie } from '../mechanisms/sessions/chunked-cookie.ts'
import { createAuthorizationServers } from '../mechanisms/protocol/authorization-servers.ts'
import { createAuthorizationServer } from '../mechanisms/protocol/authorization-server.ts'
import { createSessionDirectory } from '../mechanisms/sessions/session-directory.ts'
import type { SessionStrategy } from '../mechanisms/sessions/session-strategy.ts'
import type { EndedSession, StoredRefresh } from '../ports/session-handle.ts'
import type { Runtime } from '../ports/runtime.ts'
import { check as checkServer } from './check.ts'
import type { ClientTokenAccess } from './client-access.ts'
import { createOutside } from './bound-token-fetch.ts'
import type { ClientCredentials, TokenName, UserTokenName } from './token-source.ts'
import { withDefaultStore } from './default-store.ts'
import { assemble } from './assemble.ts'
import { createEngineContext, type EngineContext, type ServerLink, serverOptions } from './engine-context.ts'
import { checkOptions, type EngineOptions, type EvertokenOptions, type WithClient } from './options.ts'
import type { NamedRegistration } from './registrations/named-registration.ts'
import {
  connectRegistrations,
  hasRegistrations,
  type RegistrationsEngineOptions,
  type RegistrationsOptions,
} from './registrations/registrations.ts'
import { createSessions } from './create-sessions.ts'
import { createIdTokenReader } from './given-grant.ts'
import type { Engine } from './engine-functions.ts'
import { createRoutes } from './routes.ts'
import { createCurrentSession, createUserSession, type UserSession } from './user-session.ts'

/** The request handler of an application. `session` is the session of the user. */
export type Handler<Name extends TokenName = UserTokenName> = (
  request: Request,
  session: UserSession<Name>,
) => Response | Promise<Response>

/**
 * Token management for the users of one application. It also has the functions of the session interface, for the user
 * of the request being handled.
 */
export interface Evertoken<Name extends TokenName = UserTokenName> extends Engine<Name>, UserSession<Name> {}

/** `Evertoken` with the option `client`: it also has the token of the application itself. */
export interface EvertokenWithClient extends Evertoken<TokenName>, ClientTokenAccess {}

/** The names of tokens that an application with this option `client` can use. */
export type NameFor<Client> = [Client] extends [ClientCredentials] ? TokenName : UserTokenName
/** The functions that an application with this option `client` has. */
export type EvertokenFor<Client> = [Client] extends [ClientCredentials] ? EvertokenWithClient : Evertoken

/**
 * Creates the token management of an application. Applications call `evertoken` of the package for their runtime
 * instead.
 *
 * @param options - The options of the application.
 * @param runtime - The functions that the adapter provides.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const runtime: Runtime = { context: requestContext, flights: createFlights(), keepAlive() {} }
 *   export const auth = createEvertoken(options, runtime)
 */
export function createEvertoken<Client = undefined>(
  options: (EvertokenOptions | RegistrationsOptions) & WithClient<Client>,
  runtime: Runtime,
): EvertokenFor<Client> {
  const engine = createEngine(withDefaultStore(options, runtime.environment), runtime)
  const outside = createOutside(engine, runtime.context)
  const current = createCurrentSession(runtime.context, options.onEvent, outside)
  const evertoken: EvertokenWithClient = { ...current, ...engine }
  return evertoken
}

/**
 * Creates the part that needs the options. It is for runtimes that have them only at the first request, and no memory
 * for a default store. `createCurrentSession` finds the sessions of its requests if both get the same context.
 *
 * @param options - The options of the application, with a store.
 * @param runtime - The functions that the adapter provides.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const engine = createEngine({ ...options, store }, runtime)
 *   const response = await engine.handle(request, (_request, session) => respond(session))
 */
export function createEngine(
  options: EngineOptions | RegistrationsEngineOptions,
  runtime: Runtime,
): Engine<TokenName> {
  return hasRegistrations(options)
    ? connectRegistrations({ options, runtime, createEngine: createSingleEngine })
    : createSingleEngine(options, runtime)
}

/** @param named - The registration, if the application has several. */
function createSingleEngine(
  options: EngineOptions,
  runtime: Runtime,
  named?: NamedRegistration,
): Engine<TokenName> {
  const settings = checkOptions(options)
  const { issuer, onSignIn, onRefreshed, revokeOnLogout, insecureHosts } = settings
  const link: ServerLink = {
    isResponding: () => server.isResponding(),
    isRegistered: (registration) => servers.serverFor(registration) !== undefined,
  }
  const context: EngineContext = createEngineContext(settings, link, named)
  const { clock, emit, store } = context
  const connection = { ...settings.server, ...serverOptions(settings, context, runtime) }
  const server = createAuthorizationServer({
    ...connection,
    openid: settings.openid,
    isDefaultScope: settings.isDefaultScope,
    authorizationRequest: settings.authorizationRequest,
    signedResponse: settings.signedResponse,
  })
  const servers = createAuthorizationServers([server])
  const ending: FinishSessionOptions = { servers, revoke: revokeOnLogout, emit, clock }
  // A logout token ends only the sessions of its registration.
  const realm = named ? JSON.stringify([issuer, settings.clientId, named.name]) : issuer
  const isIndexed = settings.backChannelLogout || settings.indexSessions
  const directory = isIndexed && store.index ? createSessionDirectory(store, store.index, realm) : undefined
  const check = settings.backChannelLogout &&
    directory && {
      directory,
      revoke: revokeOnLogout,
      finish: (key: string, ended: EndedSession) => finishSession(key, ended, ending),
    }
  const { userInfo } = settings.server
  const addUserInfo = typeof userInfo === 'object' && userInfo.afterRefresh ? server.addUserInfo : undefined
  const needsRefreshes = check || (onSignIn ?? onRefreshed ?? addUserInfo)
  const stored: SessionStrategy = createSessions(
    settings,
    context,
    runtime,
    directory,
    needsRefreshes && processRefresh,
  )
  const checked = check ? withLogoutCheck(stored, check) : stored
  const sessions = named?.adaptSessions?.(checked) ?? checked

  const readIdToken = createIdTokenReader(settings.server)

  function processRefresh(refresh: StoredRefresh): Promise<unknown> {
    return Promise.allSettled([
      check && listNewSid(refresh, { ...check, pending: stored.pending }),
      shapeClaims(refresh),
    ])
  }

  async function shapeClaims(refresh: StoredRefresh): Promise<void> {
    const application = {
      onSignIn,
      server,
      insecureHosts,
      emit,
      readIdToken,
      addUserInfo,
      ending,
      registration: named?.name,
    }
    const claims = await applyOnRefresh(refresh, application)
    if (claims) await onRefreshed?.(claims)
  }

  const { findRoute, startLogin } = createRoutes({
    settings,
    context,
    flights: runtime.flights,
    server,
    servers,
    sessions,
    directory: settings.backChannelLogout ? directory : undefined,
    ending,
    named,
  })
  const engine = assemble({
    settings,
    context,
    runtime,
    server,
    servers,
    sessions,
    createCookie: createChunkedCookie,
    client: settings.client,
    signInScope: {
      scope: settings.authorizationParameters.get('scope') ?? '',
      isDefaultScope: settings.isDefaultScope,
      detailTypes: detailTypes(settings.authorizationParameters.get('authorization_details')),
    },
    userSessions: directory && {
      directory,
      sessions,
      ending,
      lifetimes: settings,
      registrationName: named?.name,
    },
    createUser: createUserSession,
    findRoute,
    registrationName: named?.name,
    signIn: {
      loginPath: `${settings.routePrefix}/login${named?.pathSuffix ?? ''}`,
      forwardLoginParameters: settings.forwardLoginParameters,
      startLogin: named?.adaptLogin?.(startLogin) ?? startLogin,
      readIdToken,
      beforeStart: directory?.add,
    },
  })
  return Object.assign(engine, { check: () => checkServer(engine) })
}
