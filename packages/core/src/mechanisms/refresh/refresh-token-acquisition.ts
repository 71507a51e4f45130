import type { Acquisition } from '../../ports/acquisition.ts'
import type { TokenServer } from '../../ports/authorization-server.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { RefreshPolicy } from '../../rules/refresh/decide.ts'

/** Gets access tokens with the refresh token of the ledger (RFC 6749 §6). Each request may use it up. */
export function createRefreshTokenAcquisition(server: TokenServer, policy: RefreshPolicy): Acquisition {
  return {
    policy,
    ready: (keepAlive: KeepAlive) => server.ready(keepAlive),
    acquire: ({ ledger, claims = {}, idToken }, parameters) =>
      server.refresh({ refreshToken: ledger.refreshToken ?? '', parameters, user: claims, idToken }),
    isResponding: () => server.isResponding(),
  }
}
