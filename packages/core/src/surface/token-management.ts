import { createAuthorizationServers } from '../mechanisms/protocol/authorization-servers.ts'
import { createConnection } from '../mechanisms/protocol/connection.ts'
import { createTokenServer } from '../mechanisms/protocol/token-server.ts'
import { createShortCookie } from '../mechanisms/sessions/browser-cookie.ts'
import { createServerStrategy } from '../mechanisms/sessions/server-sessions.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { withDefaultStore } from './default-store.ts'
import { assemble } from './assemble.ts'
import { createOutside } from './bound-token-fetch.ts'
import type { SessionEngine } from './engine.ts'
import { createEngineContext, type EngineContext, serverOptions } from './engine-context.ts'
import type { TokenManagementOptions } from './token-options.ts'
import { checkTokenOptions } from './token-settings.ts'
import { createCurrentTokens, createTokenSession, type TokenSession } from './token-session.ts'

/** The options with a session store. */
export type TokenEngineOptions = TokenManagementOptions & { readonly store: SessionStore }

/** The functions that need the options: they handle requests and find sessions. */
export type TokenEngine = SessionEngine<TokenSession>

/**
 * Token management for applications that sign users in with another library and call `startSession`. It has no routes
 * and no proxy, and does not read ID tokens.
 */
export interface TokenManagement extends TokenEngine, TokenSession {}

/**
 * Creates the token management of an application that signs users in with another library.
 *
 * It is the same as `createEvertoken`, without the sign-in.
 *
 * @param options - The options of the application.
 * @param runtime - The functions that the adapter provides.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   export const tokens = createTokenManagement(tokenOptions, runtime)
 */
export function createTokenManagement(options: TokenManagementOptions, runtime: Runtime): TokenManagement {
  const engine = createTokenEngine(withDefaultStore(options, runtime.environment), runtime)
  const outside = createOutside(engine, runtime.context)
  return { ...createCurrentTokens(runtime.context, options.onEvent, outside), ...engine }
}

/**
 * Creates the part that needs the options. It is the same as `createEngine`, without the sign-in.
 *
 * @param options - The options of the application, with a store.
 * @param runtime - The functions that the adapter provides.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const engine = createTokenEngine({ ...tokenOptions, store }, runtime)
 *   const token = await engine.session(request).getUserAccessToken()
 */
export function createTokenEngine(options: TokenEngineOptions, runtime: Runtime): TokenEngine {
  const settings = checkTokenOptions(options)
  const context: EngineContext = createEngineContext(settings, {
    isResponding: () => server.isResponding(),
    isRegistered: (registration) => servers.serverFor(registration) !== undefined,
  })
  const server = createTokenServer(createConnection(serverOptions(settings, context, runtime)))
  const servers = createAuthorizationServers([server])
  const { sealedStore, clock, emit, macFor } = context
  const sessions = createServerStrategy({
    sealedStore,
    clock,
    emit,
    idleTimeoutSeconds: settings.idleTimeoutSeconds,
    pollMs: runtime.pollMs,
    mac: macFor('server session'),
  })
  return assemble({
    settings,
    context,
    runtime,
    server,
    servers,
    sessions,
    createCookie: createShortCookie,
    createUser: createTokenSession,
  })
}
