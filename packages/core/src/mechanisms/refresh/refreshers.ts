import type { Acquisition } from '../../ports/acquisition.ts'
import type { TokenServer } from '../../ports/authorization-server.ts'
import type { RefreshPolicy } from '../../rules/refresh/decide.ts'
import type { AuthorizationServers } from '../protocol/authorization-servers.ts'
import type { SessionHandle, Snapshot } from '../../ports/session-handle.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import type { TokenCall, TokenResult } from './attempt.ts'
import type { Refresher } from './refresher.ts'

/** A refresher for the tokens of sessions. Each session belongs to the authorization server in its record. */
export interface SessionRefresher {
  /** Same as `token` of `Refresher`. */
  token(
    handle: SessionHandle,
    seen: Snapshot | undefined,
    call: TokenCall<Snapshot>,
  ): TokenResult<Snapshot> | Promise<TokenResult<Snapshot>>
}

/**
 * Refreshes each session at its own authorization server.
 *
 * @param create - Creates the refresher of one server. Each server has its own line of requests.
 */
export function createRefreshers(
  servers: AuthorizationServers,
  create: (server: TokenServer) => Refresher,
): SessionRefresher {
  const refreshers = new WeakMap<TokenServer, Refresher>()

  return {
    token(handle, seen, call) {
      const server = seen && servers.serverFor(seen.record)
      if (!server) return { kind: 'sign_in', code: 'no_session' }
      if (seen.record.ledger.proofKey && !server.binding) throw bindingMissing()
      let refresher = refreshers.get(server)
      if (!refresher) refreshers.set(server, (refresher = create(server)))
      return refresher.token(handle, seen, call)
    },
  }
}

/** An instance without the option must neither send the tokens of a session nor refresh them. Other instances can. */
export function bindingMissing(): ConfigurationError {
  const message = 'Option `senderConstraint` must be `dpop()` for this session.'
  return new ConfigurationError('invalid_option', message)
}

/** Gets access tokens with the refresh token of the ledger (RFC 6749 §6). Each request may use it up. */
export function createRefreshTokenAcquisition(server: TokenServer, policy: RefreshPolicy): Acquisition {
  return {
    policy,
    ready: server.ready,
    acquire: ({ ledger, claims: user = {}, idToken, isContinued }, parameters) => {
      const { refreshToken = '', proofKey } = ledger
      return server.refresh({ refreshToken, parameters, user, idToken, isContinued, proofKey })
    },
    isResponding: server.isResponding,
  }
}
