import type { TokenServer } from '../../ports/authorization-server.ts'
import type { AuthorizationServers } from '../protocol/authorization-servers.ts'
import type { Refresher } from './refresher.ts'

/**
 * Refreshes each session at its own authorization server.
 *
 * @param create - Creates the refresher of one server. Each server has its own line of requests.
 */
export function createRefreshers(
  servers: AuthorizationServers,
  create: (server: TokenServer) => Refresher,
): Refresher {
  const refreshers = new WeakMap<TokenServer, Refresher>()

  function refresherOf(server: TokenServer): Refresher {
    const refresher = refreshers.get(server) ?? create(server)
    refreshers.set(server, refresher)
    return refresher
  }

  return {
    token(cell, seen, call) {
      const server = seen && servers.serverFor(seen.record)
      return server ? refresherOf(server).token(cell, seen, call) : { signIn: 'no_session' }
    },
  }
}
