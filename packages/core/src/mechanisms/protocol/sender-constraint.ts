import type { Clock } from '../../ports/clock.ts'
import type { RevocationProfile } from '../../ports/dialect.ts'
import type { SenderConstraint, TokenBinding } from '../../ports/token-binding.ts'
import type { AdaptMetadata } from './discovery.ts'
import type { ServerClock } from './server-clock.ts'

/** The parts of a connection that a constraint uses. */
export interface ConstraintContext {
  readonly clock: Clock
  readonly serverClock: ServerClock
}

/** What binds the tokens: keys with proofs, or the TLS connection of the requests. */
interface ConstraintMechanism {
  /** Creates the keys and proofs. Called for each authorization server that uses the value. */
  readonly connect?: (context: ConstraintContext) => TokenBinding
  /** Returns the metadata with the endpoints that the constraint needs. */
  readonly adaptMetadata?: AdaptMetadata
  /** @throws {ConfigurationError} If the server has a revocation that the constraint cannot secure. */
  readonly check?: (revocation: RevocationProfile) => void
  /** Whether an access token shows that it is not bound. */
  readonly isUnbound?: (token: string) => boolean
}

/** It is a global symbol, because a bundler can load this module twice. */
const MECHANISM: unique symbol = Symbol.for('evertoken.senderConstraint.2') as never

export function createSenderConstraint(
  method: SenderConstraint['method'],
  mechanism: ConstraintMechanism,
): SenderConstraint {
  return Object.freeze(
    Object.defineProperty({ method }, MECHANISM, { value: mechanism }),
  ) as object as SenderConstraint
}

export function isSenderConstraint(value: unknown): value is SenderConstraint {
  return MECHANISM in Object(value)
}

/** Returns the functions of a value. Without one, tokens are not bound. */
export function constraintMechanismOf(constraint: SenderConstraint | undefined): ConstraintMechanism {
  return (constraint as { readonly [MECHANISM]?: ConstraintMechanism } | undefined)?.[MECHANISM] ?? {}
}
