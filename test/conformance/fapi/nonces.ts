import { randomInt } from 'node:crypto'
import type { Outgoing } from './incoming.ts'

/** Characters that a header may contain. A client must not quote or cut them. */
const CHARACTERS = [...Array(94).keys()]
  .map((index) => String.fromCodePoint(index + 0x21))
  .filter((character) => !/["\\]/.test(character))

/** The nonces that one server asks for in DPoP proofs. Only the newest is accepted. */
export interface Nonces {
  accepts(nonce: unknown): boolean
  /** Creates a new one, which the client does not know yet. */
  renew(): void
  /** The header of a response that asks for the newest nonce. */
  ask(): Readonly<Record<string, string>>
  /** The header of a successful response: after an error, the suite still sends the nonce that is spent now. */
  spent(): Readonly<Record<string, string>>
}

/** @param isRequired - Without it, all proofs are accepted. */
export function createNonces(isRequired: boolean): Nonces {
  let current = createNonce()
  let told: string | undefined
  return {
    accepts: (nonce) => !isRequired || nonce === current,
    renew: () => void (current = createNonce()),
    ask() {
      told = current
      return { 'dpop-nonce': current }
    },
    spent: () => (told === undefined ? {} : { 'dpop-nonce': told }),
  }
}

/** RFC 9449 §8: the response of the authorization server. */
export function nonceRequired(nonces: Nonces): Outgoing {
  return { status: 400, headers: nonces.ask(), body: { error: 'use_dpop_nonce' } }
}

function createNonce(): string {
  return Array.from({ length: 40 }, () => CHARACTERS[randomInt(CHARACTERS.length)]).join('')
}
