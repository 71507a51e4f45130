import type { Registration } from '../../model/session-record.ts'
import type { TokenServer } from '../../ports/authorization-server.ts'

/** The authorization servers of one application. */
export interface AuthorizationServers<Server extends TokenServer = TokenServer> {
  /**
   * Returns the server of a session. All requests about the tokens of a session go to this server.
   *
   * @param registration - A session record, or another object with its `issuer` and `clientId`.
   * @returns `undefined` if this application does not use that server and client.
   */
  serverFor(registration: Registration): Server | undefined
}

export function createAuthorizationServers<Server extends TokenServer>(
  servers: readonly Server[],
): AuthorizationServers<Server> {
  return {
    serverFor: ({ issuer, clientId }) =>
      servers.find(
        ({ registration }) => registration.issuer === issuer && registration.clientId === clientId,
      ),
  }
}
