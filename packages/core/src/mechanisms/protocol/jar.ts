import type { AuthorizationRequestMode } from '../../ports/authorization-mode.ts'
import type { SigningKeySource } from '../../ports/signing-key.ts'
import { jwtTimes } from '../../rules/protocol/jwt.ts'
import { requestObjectClaims } from '../../rules/protocol/request-object.ts'
import { randomId } from '../runtime/digest.ts'
import { createRequestMode, requestParameters, requestUrl } from './authorization-mode.ts'
import { askForKey, checkKeySource, currentSigner, signJwt } from './signing-key.ts'

/** The browser opens the URL immediately, but its connection can be slow. */
const LIFETIME_SECONDS = 300

/**
 * Signs the parameters of each authorization request, so that no user can change them.
 *
 * With `par(jar(key))`, they do not appear in the browser either. Prefer that if your server supports it.
 *
 * @param key - The private key, or a function that returns the current one, as for `privateKeyJwt`.
 * @returns A value for the option `authorizationRequest`.
 * @throws {ConfigurationError} If the key cannot sign.
 * @example
 *   const key = await importSigningKey(process.env.CLIENT_KEY ?? '', 'ES256', 'key-1')
 *   const auth = evertoken({ ...options, authorizationRequest: jar(key) })
 * @see {@link https://www.rfc-editor.org/rfc/rfc9101#section-4 RFC 9101, section 4: Request Object}
 */
export function jar(key: SigningKeySource): AuthorizationRequestMode {
  checkKeySource(key)
  return createRequestMode('jar', async (url, context) => {
    const { metadata } = context
    const { client, authenticator, serverClock } = context.connection
    const claims = {
      ...requestObjectClaims(requestParameters(url, context)),
      iss: client.client_id,
      aud: metadata.issuer,
      jti: randomId(),
      ...jwtTimes(serverClock.read(), LIFETIME_SECONDS),
    }
    const request = await askForKey(authenticator.ask, undefined, async () =>
      signJwt(await currentSigner(key), claims, 'oauth-authz-req+jwt'),
    )
    return requestUrl({ request }, context)
  })
}
