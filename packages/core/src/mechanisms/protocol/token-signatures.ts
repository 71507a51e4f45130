import type { AuthorizationServer as Metadata } from 'oauth4webapi'
import { type UncheckedJwt, readJwt } from '../../rules/protocol/jwt.ts'
import { acceptedAlgorithms, keysFor } from '../../rules/protocol/signing-keys.ts'
import type { ServerAddresses } from '../../rules/protocol/server-addresses.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import { createKeyCache, type KeyCacheOptions, type TokenSource } from './key-cache.ts'
import { isSignedBy, isSignedBySecret } from './signature.ts'

export interface TokenSignaturesOptions extends KeyCacheOptions {
  readonly addresses: ServerAddresses
  /** The only accepted algorithm. Without it, the metadata decides. */
  readonly idTokenSigningAlgorithm?: string | undefined
  /** Resolves to the client secret, which is the key of HS256. */
  readonly clientSecret: () => Promise<string | undefined>
}

/** Checks the signatures of ID tokens and logout tokens. */
export interface TokenSignatures {
  /** Returns the accepted algorithms for a server with this metadata. */
  accepted(metadata: Metadata): readonly string[]
  /**
   * Returns the parsed token, or a string with the fault if it is not a JWT with an accepted algorithm.
   *
   * @param algorithms - Default: the algorithms that `accepted` returns.
   * @param option - The option that sets the algorithm, for the message.
   */
  read(
    token: string,
    metadata: Metadata,
    algorithms?: readonly string[],
    option?: string,
  ): UncheckedJwt | string
  /**
   * Resolves to whether the authorization server has signed a token that `read` has returned.
   *
   * @throws {TryLaterError} If its keys are not available.
   * @throws {ConfigurationError} If its metadata names no keys.
   */
  isSigned(token: string, jwt: UncheckedJwt, metadata: Metadata, source: TokenSource): Promise<boolean>
  /** Requests the keys if none are known, so that a later check need not wait. */
  prefetch(metadata: Metadata): Promise<void>
}

export function createTokenSignatures(options: TokenSignaturesOptions): TokenSignatures {
  const { addresses, idTokenSigningAlgorithm, clientSecret } = options
  const cache = createKeyCache(options)
  const accepted = (metadata: Metadata) =>
    acceptedAlgorithms(idTokenSigningAlgorithm, metadata.id_token_signing_alg_values_supported)

  function keysUrl({ jwks_uri: url = '' }: Metadata): string {
    if (addresses.isSafe(addresses.reach(url))) return url
    const message = 'The metadata has no `jwks_uri` on https. Set it in `server.endpoints`.'
    throw new ConfigurationError('authorization_server_metadata_invalid', message)
  }

  return {
    accepted,
    read(token, metadata, algorithms = accepted(metadata), option = '`server.idTokenSigningAlgorithm`') {
      const jwt = readJwt(token)
      if (jwt && jwt.header['crit'] === undefined && algorithms.includes(String(jwt.header['alg'])))
        return jwt
      const expected = algorithms.join(', ') || 'an algorithm that has a public key'
      return `is not signed with ${expected}. If the server uses another algorithm for this client, set ${option}`
    },
    async isSigned(token, jwt, metadata, source) {
      const algorithm = String(jwt.header['alg'])
      if (algorithm === 'HS256') {
        const secret = await clientSecret()
        return secret !== undefined && secret !== '' && isSignedBySecret(token, secret)
      }
      return cache.find(keysUrl(metadata), source, (keys) => isSignedBy(token, algorithm, keysFor(jwt, keys)))
    },
    async prefetch(metadata) {
      if (idTokenSigningAlgorithm !== 'HS256' && metadata.jwks_uri !== undefined)
        await cache.prefetch(keysUrl(metadata))
    },
  }
}
