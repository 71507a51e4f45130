import type { Clock } from '../../ports/clock.ts'
import type { SenderConstraint, TokenBinding } from '../../ports/token-binding.ts'
import type { ServerClock } from './server-clock.ts'

/** The parts of a connection that a constraint uses. */
export interface ConstraintContext {
  readonly clock: Clock
  readonly serverClock: ServerClock
}

type Connect = (context: ConstraintContext) => TokenBinding

/** It is a global symbol, because a bundler can load this module twice. */
const CONNECT: unique symbol = Symbol.for('evertoken.senderConstraint.1') as never

/** @param connect - Called for each authorization server that uses the value. */
export function createSenderConstraint(
  method: SenderConstraint['method'],
  connect: Connect,
): SenderConstraint {
  return Object.freeze(
    Object.defineProperty({ method }, CONNECT, { value: connect }),
  ) as object as SenderConstraint
}

export function isSenderConstraint(value: unknown): value is SenderConstraint {
  return CONNECT in Object(value)
}

export function connectConstraint(constraint: SenderConstraint, context: ConstraintContext): TokenBinding {
  return (constraint as unknown as Record<typeof CONNECT, Connect>)[CONNECT](context)
}
