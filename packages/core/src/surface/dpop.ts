import { createDpopBinding } from '../mechanisms/dpop/dpop-binding.ts'
import type { ProofAlgorithm } from '../mechanisms/dpop/proof-signer.ts'
import { createSenderConstraint } from '../mechanisms/protocol/sender-constraint.ts'
import type { RevocationProfile } from '../ports/dialect.ts'
import type { SenderConstraint } from '../ports/token-binding.ts'
import { checkAll, invalid, oneOf } from './checks.ts'

/** The options of `dpop()`. */
export interface DpopOptions {
  /**
   * The algorithm that signs proofs. The keys of sessions from before keep theirs.
   *
   * @default 'ES256'
   */
  readonly algorithm?: 'ES256' | 'EdDSA'
}

/**
 * Binds the tokens of each session to a key, so that a stolen token is useless without it.
 *
 * Each session has its own key, which is sealed with its tokens. Each request to an API and to the token endpoint carries
 * a proof that is signed with the key.
 *
 * @param options - The algorithm of new keys.
 * @returns A value for the option `senderConstraint`.
 * @throws {ConfigurationError} If an option is unknown or invalid.
 * @example
 *   const auth = evertoken({ ...options, senderConstraint: dpop() })
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-4 RFC 9449, section 4: DPoP Proof JWTs}
 */
export function dpop(options: DpopOptions = {}): SenderConstraint {
  const { algorithm } = checkAll<{ readonly algorithm: ProofAlgorithm }>(
    { algorithm: [oneOf('ES256', 'EdDSA'), 'ES256'] },
    options,
  )
  return createSenderConstraint('dpop', {
    connect: (context) => createDpopBinding(algorithm, context),
    check: requireStandardProof,
  })
}

/** A request that carries a token must have a proof, and only standard requests get one. */
function requireStandardProof({ token = 'refresh_token', authentication }: RevocationProfile): void {
  if (token !== 'refresh_token' || authentication === 'bearer')
    throw invalid('server.revocation', 'cannot be used with `dpop()`. Remove it.')
}
