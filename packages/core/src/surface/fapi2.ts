import { createClientAuthentication, mechanismOf } from '../mechanisms/protocol/client-authentication.ts'
import { certificateBound } from '../mechanisms/protocol/client-certificate.ts'
import type { AdaptMetadata } from '../mechanisms/protocol/discovery.ts'
import { jar } from '../mechanisms/protocol/jar.ts'
import { jarm } from '../mechanisms/protocol/jarm.ts'
import { par } from '../mechanisms/protocol/par.ts'
import { privateKeyJwt } from '../mechanisms/protocol/private-key-jwt.ts'
import { checkKeySource, KeyFault, toSigner } from '../mechanisms/protocol/signing-key.ts'
import type { ClientAuthentication } from '../ports/client-authentication.ts'
import type { SecurityProfile } from '../ports/security-profile.ts'
import type { SigningKey, SigningKeySource } from '../ports/signing-key.ts'
import {
  type FapiChoices,
  isFapiAlgorithm,
  missingMetadata,
  withFapiAlgorithms,
} from '../rules/fapi/metadata.ts'
import { violatedOption } from '../rules/fapi/options.ts'
import { ConfigurationError } from '../vocabulary/index.ts'
import { checkAll, flag, oneOf, REQUIRED } from './checks.ts'
import { dpop } from './dpop.ts'
import { createSecurityProfile } from './security-profile.ts'

/** The options of `fapi2()`. */
export interface Fapi2Options {
  /**
   * The private key of the client, or a function that returns the current one. It authenticates the client, and signs the
   * authorization requests if `messageSigning` is set. Its algorithm is PS256, ES256 or EdDSA.
   */
  readonly key: SigningKeySource
  /**
   * How access tokens are bound to the client. `dpop`: to a key of the session. `mtls`: to the TLS client certificate that
   * the option `fetch` presents.
   *
   * @default 'dpop'
   */
  readonly senderConstraint?: 'dpop' | 'mtls'
  /**
   * Whether authorization requests and responses are signed, as FAPI 2.0 Message Signing requires.
   *
   * @default false
   */
  readonly messageSigning?: boolean
}

/**
 * Turns on all that the FAPI 2.0 Security Profile requires of a client, and refuses options that contradict it.
 *
 * It sets pushed authorization requests, `private_key_jwt` with the issuer as the audience, and DPoP or certificate-bound
 * tokens. It requires `iss` in the authorization response, and accepts only signatures with PS256, ES256 or EdDSA. With
 * `messageSigning`, requests and responses are signed too (JAR, JARM).
 *
 * A server whose metadata contradicts FAPI 2.0 causes a `ConfigurationError` (`profile_violated`) at the first request to it.
 *
 * @param options - The key of the client, and the choices that FAPI 2.0 leaves.
 * @returns A value for the option `profile`.
 * @throws {ConfigurationError} If an option is unknown or invalid, or the algorithm of the key is not allowed.
 * @example
 *   const key = await importSigningKey(process.env.CLIENT_KEY ?? '', 'PS256', 'key-1')
 *   const auth = evertoken({ issuer, clientId, encryptionSecret, profile: fapi2({ key }) })
 * @see {@link https://openid.net/specs/fapi-security-profile-2_0-final.html#section-5.3.3 FAPI 2.0 Security Profile, section 5.3.3: Requirements for clients}
 */
export function fapi2(options: Fapi2Options): SecurityProfile {
  const { key: source, ...choices } = checkAll<Required<Fapi2Options>>(
    {
      key: [() => undefined, REQUIRED],
      senderConstraint: [oneOf('dpop', 'mtls'), 'dpop'],
      messageSigning: [flag, false],
    },
    options,
  )
  const { senderConstraint, messageSigning } = choices
  const key = fapiKey(source)
  const authentication = fapiAuthentication(key, choices)
  return createSecurityProfile('fapi2', (given) => {
    const violation = violatedOption(given, choices)
    if (violation)
      throw new ConfigurationError('profile_violated', `Option \`${violation.name}\` ${violation.problem}`)
    return {
      ...given,
      clientAuthentication: authentication,
      authorizationRequest: par(messageSigning ? jar(key) : undefined),
      senderConstraint: senderConstraint === 'dpop' ? dpop() : certificateBound(),
      ...(messageSigning && { responseMode: given['responseMode'] ?? jarm() }),
    }
  })
}

/** Creates an authentication that accepts only servers whose metadata is as FAPI 2.0 requires. */
function fapiAuthentication(key: SigningKeySource, choices: FapiChoices): ClientAuthentication {
  const adaptMetadata: AdaptMetadata = (metadata) => {
    const missing = missingMetadata(metadata, choices)
    if (missing.length > 0) throw metadataViolated(missing)
    return withFapiAlgorithms(metadata)
  }
  const authentication = privateKeyJwt(key)
  return createClientAuthentication(authentication.method, { ...mechanismOf(authentication), adaptMetadata })
}

function metadataViolated(missing: readonly string[]): ConfigurationError {
  const message =
    `The metadata of the authorization server lacks ${missing.join(', ')}. FAPI 2.0 requires it. ` +
    'Enable FAPI 2.0 at the server, or remove `profile`.'
  return new ConfigurationError('profile_violated', message)
}

/** Refuses keys whose algorithm FAPI 2.0 forbids, also those of a function. */
function fapiKey(source: SigningKeySource): SigningKeySource {
  checkKeySource(source, checkKey)
  if (typeof source !== 'function') return source
  return async () => {
    const key = await source()
    checkKey(key)
    return key
  }
}

/** @throws {KeyFault} If the key cannot sign, or its algorithm is not allowed. */
function checkKey(key: unknown): asserts key is SigningKey {
  const { alg } = toSigner(key).header
  if (isFapiAlgorithm(alg)) return
  throw new KeyFault(
    `The algorithm ${alg} of \`key\` is not allowed with \`fapi2()\`. Use a key for PS256, ES256 or EdDSA.`,
    'profile_violated',
  )
}
