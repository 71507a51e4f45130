import { createConnection } from '../mechanisms/protocol/connection.ts'
import { createTokenEndpoint } from '../mechanisms/protocol/token-endpoint.ts'
import { createServerStrategy } from '../mechanisms/sessions/server-sessions.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { SessionStore } from '../ports/session-store.ts'
import { createCurrentTokens, type CurrentTokens } from './current-tokens.ts'
import { withDefaultStore } from './default-store.ts'
import { assemble, type SessionEngine } from './engine.ts'
import { checkTokenOptions, type TokenManagementOptions } from './token-options.ts'
import { createTokenSession, type TokenSession } from './token-session.ts'

/** The options with a session store. */
export interface TokenEngineOptions extends TokenManagementOptions {
  readonly store: SessionStore
}

export type TokenEngine = SessionEngine<TokenSession>

/**
 * Token management for applications that sign users in with another library and call `startSession`. It has no routes
 * and no proxy, and does not read ID tokens.
 */
export interface TokenManagement extends TokenEngine, CurrentTokens {}

/**
 * Same as `createEvertoken`, without the sign-in.
 *
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createTokenManagement(options: TokenManagementOptions, runtime: Runtime): TokenManagement {
  const engine = createTokenEngine(withDefaultStore(options, runtime.environment), runtime)
  return { ...createCurrentTokens(runtime.context, options.onEvent), ...engine }
}

/**
 * Same as `createEngine`, without the sign-in.
 *
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 */
export function createTokenEngine(options: TokenEngineOptions, runtime: Runtime): TokenEngine {
  return assemble(checkTokenOptions(options), runtime, (ground) => ({
    server: createTokenEndpoint(createConnection(ground)),
    kind: createServerStrategy({ ...ground, mac: ground.macFor('server session') }),
    user: createTokenSession,
  }))
}
