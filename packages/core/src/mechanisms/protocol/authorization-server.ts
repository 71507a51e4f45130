import type { AuthorizationServer } from '../../ports/authorization-server.ts'
import { endSessionUrl, type EndSessionRules } from '../../rules/sign-in/end-session-url.ts'
import { type ConnectionOptions, createConnection } from './connection.ts'
import { wrongMetadata } from './discovery-errors.ts'
import { createIdTokenValidator, createSignInClient } from './id-token.ts'
import { verifyLogoutToken } from './logout-tokens.ts'
import { createSignInServer, type SignInServerOptions } from './sign-in.ts'
import { type ConnectedTokenServer, createTokenServer } from './token-server.ts'
import { createTokenSignatures, type TokenSignaturesOptions } from './token-signatures.ts'

export interface AuthorizationServerOptions
  extends ConnectionOptions, SignInServerOptions, Pick<TokenSignaturesOptions, 'idTokenSigningAlgorithm'> {
  /** How many seconds the clocks may differ when the times of an ID token are checked. */
  readonly clockToleranceSeconds: number
  readonly endSession?: EndSessionRules
}

/** Names in the metadata that describe the server (RFC 8414 §2). Other members might be internal to its operator. */
const CAPABILITY = /_endpoint$|_supported$|^jwks_uri$/

/** Creates an authorization server with all its functions. `createTokenServer` has only those that need no sign-in. */
export function createAuthorizationServer(
  options: AuthorizationServerOptions,
): AuthorizationServer & ConnectedTokenServer {
  const { clock } = options
  const connection = createConnection({ ...options, signsIn: true }, createSignInClient(options))
  const { client, fetchMetadata } = connection
  const signatures = createTokenSignatures({ ...options, clientSecret: connection.authenticator.secret })
  const validateIdToken = createIdTokenValidator(client, signatures, clock)
  return {
    ...createTokenServer(connection, { validateIdToken, prefetchKeys: signatures.prefetch }),
    ...createSignInServer(connection, signatures, options),
    verifyLogoutToken: (token) => verifyLogoutToken(connection, signatures, token),
    async endSessionUrl(parameters) {
      const endpoint = options.endSession?.url ?? (await fetchMetadata()).end_session_endpoint
      if (endpoint === undefined) return undefined
      if (!options.addresses.isSafe(endpoint))
        throw wrongMetadata('Its `end_session_endpoint` is not on https. Set `server.endSession`.')
      return endSessionUrl(endpoint, parameters, options.endSession)
    },
    async capabilities() {
      const facts = Object.entries(await fetchMetadata())
      return Object.fromEntries(facts.filter(([name]) => CAPABILITY.test(name)))
    },
  }
}
