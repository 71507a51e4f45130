import type { AuthorizationServer } from 'oauth4webapi'
import type { ClientAuthentication } from '../../ports/client-authentication.ts'
import type { SigningKeySource } from '../../ports/signing-key.ts'
import { ConfigurationError } from '../../vocabulary/index.ts'
import { jwtTimes } from '../../rules/protocol/jwt.ts'
import { randomId } from '../runtime/digest.ts'
import { type AuthenticationContext, createClientAuthentication } from './client-authentication.ts'
import { askForKey, checkKeySource, currentSigner, type Signer, signJwt } from './signing-key.ts'

/** Options of `privateKeyJwt`. */
export interface PrivateKeyJwtOptions {
  /**
   * The audience of each assertion. Only the issuer: an assertion with the URL of an endpoint could be used by another
   * server that names the same endpoint. Use `token_endpoint` only if your server accepts nothing else.
   *
   * @default 'issuer'
   */
  readonly audience?: 'issuer' | 'token_endpoint'
  /**
   * How long an assertion is valid: a whole number of seconds from 5 to 300.
   *
   * @default 60
   */
  readonly lifetimeSeconds?: number
}

/** An assertion that was signed before its request. */
interface SignedAssertion {
  readonly jwt: string
  readonly aud: string
  readonly clientId: string
  /** The time of the signature, in seconds since the epoch. */
  readonly signedAt: number
}

/** More than the number of requests that a process sends at the same time. */
const MAX_READY = 100

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * Signs a JWT for each token request, so that the authorization server knows only the public key of the client.
 *
 * Each request, also a repeated one, has a new `jti`. The times are those of the server's clock if it is known.
 *
 * @param key - The private key, or a function that returns the current one. Evertoken calls the function for each token
 *   request, so that you can rotate keys. A key with `sign` can be in a key service. If a function fails or takes longer
 *   than half of `serverTimeoutSeconds`, the call throws an `OperatorError` with the code `key_service_unavailable`. No
 *   refresh token is lost.
 * @param options - The audience and the lifetime of the JWT.
 * @returns A value for the option `clientAuthentication`. Omit the option `clientSecret` then.
 * @throws {ConfigurationError} If the key cannot sign, or an option is invalid.
 * @example
 *   const key = await importSigningKey(process.env.CLIENT_KEY ?? '', 'ES256', 'key-1')
 *   const auth = evertoken({ ...options, clientAuthentication: privateKeyJwt(key) })
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-2.2 RFC 7523, section 2.2: Using JWTs for Client Authentication}
 */
export function privateKeyJwt(
  key: SigningKeySource,
  { audience = 'issuer', lifetimeSeconds = 60 }: PrivateKeyJwtOptions = {},
): ClientAuthentication {
  checkKeySource(key)
  checkOptions(audience, lifetimeSeconds)
  /** Assertions that a key service has signed before a lease was taken. Each of them is sent once. */
  let ready: readonly SignedAssertion[] = []

  async function assert(
    signer: Signer,
    aud: string,
    context: AuthenticationContext,
  ): Promise<SignedAssertion> {
    const { clientId, serverClock } = context
    const times = jwtTimes(serverClock.read(), lifetimeSeconds)
    const claims = { iss: clientId, sub: clientId, aud, jti: randomId(), ...times }
    return { jwt: await signJwt(signer, claims), aud, clientId, signedAt: times.iat }
  }

  function takeReady(
    aud: string,
    { clientId, serverClock }: AuthenticationContext,
  ): SignedAssertion | undefined {
    const oldest = jwtTimes(serverClock.read(), lifetimeSeconds).iat - lifetimeSeconds / 2
    ready = ready.filter(({ signedAt }) => signedAt > oldest)
    const found = ready.find((each) => each.aud === aud && each.clientId === clientId)
    ready = ready.filter((each) => each !== found)
    return found
  }

  const audienceOf = ({ issuer, token_endpoint: endpoint = '' }: AuthorizationServer) =>
    audience === 'issuer' ? issuer : endpoint

  return createClientAuthentication('private_key_jwt', {
    async authenticate(context, timeoutMs, resendMs) {
      const aud = audienceOf(await context.fetchMetadata())
      const { ask } = context
      const signer = await askForKey(ask, timeoutMs, async () => {
        const current = await currentSigner(key)
        // A key service is asked before the lease. Another key signs when the request is sent.
        const assertion = current.isRemote && (await assert(current, aud, context))
        if (assertion) ready = [...ready, assertion].slice(-MAX_READY)
        return current
      })
      return async (metadata, { client_id: clientId }, body) => {
        const current = audienceOf(metadata)
        const { jwt } =
          takeReady(current, context) ??
          (await askForKey(ask, resendMs, () => assert(signer, current, context)))
        body.set('client_id', clientId)
        body.set('client_assertion_type', ASSERTION_TYPE)
        body.set('client_assertion', jwt)
      }
    },
  })
}

function checkOptions(audience: unknown, lifetimeSeconds: number): void {
  if (audience !== 'issuer' && audience !== 'token_endpoint')
    throw invalid("`audience` must be 'issuer' or 'token_endpoint'")
  if (!(Number.isInteger(lifetimeSeconds) && lifetimeSeconds >= 5 && lifetimeSeconds <= 300))
    throw invalid('`lifetimeSeconds` must be a whole number from 5 to 300')
}

function invalid(what: string): ConfigurationError {
  return new ConfigurationError('invalid_option', `The option ${what} in \`privateKeyJwt\`.`)
}
