import { createAuthorizationServers } from '../mechanisms/protocol/authorization-servers.ts'
import { createConnection } from '../mechanisms/protocol/connection.ts'
import { createTokenServer } from '../mechanisms/protocol/token-server.ts'
import { createServerStrategy } from '../mechanisms/sessions/server-sessions.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { withDefaultStore } from './default-store.ts'
import { assemble } from './assemble.ts'
import { createOutside } from './bound-token-fetch.ts'
import type { SessionEngine } from './engine.ts'
import { createEngineContext, type EngineContext, serverOptions } from './engine-context.ts'
import { checkTokenOptions, type TokenManagementOptions } from './token-options.ts'
import { createCurrentTokens, createTokenSession, type TokenSession } from './token-session.ts'

/** The options with a session store. */
export type TokenEngineOptions = TokenManagementOptions & { readonly store: SessionStore }

export type TokenEngine = SessionEngine<TokenSession>

/**
 * Token management for applications that sign users in with another library and call `startSession`. It has no routes
 * and no proxy, and does not read ID tokens.
 */
export interface TokenManagement extends TokenEngine, TokenSession {}

/**
 * Same as `createEvertoken`, without the sign-in.
 *
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createTokenManagement(options: TokenManagementOptions, runtime: Runtime): TokenManagement {
  const engine = createTokenEngine(withDefaultStore(options, runtime.environment), runtime)
  const outside = createOutside(engine, runtime.context)
  return { ...createCurrentTokens(runtime.context, options.onEvent, outside), ...engine }
}

/**
 * Same as `createEngine`, without the sign-in.
 *
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
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
  return assemble({ settings, context, runtime, server, servers, sessions, createUser: createTokenSession })
}
