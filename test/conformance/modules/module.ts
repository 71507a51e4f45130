import type { ApplicationOptions } from '../application.ts'
import type { ProviderOptions } from '../provider.ts'
import { type Refusal, stop } from '../verdict.ts'
import type { World } from '../world.ts'

/** A module of the suite. */
export interface Module {
  /** The name of the module in the suite. */
  readonly name: string
  /** Why it does not apply to Evertoken. Nothing runs then. */
  readonly notApplicable?: string
  /** The provider, as long as it behaves correctly. */
  readonly provider?: ProviderOptions
  /** What the provider does wrong. The same provider without it must pass `control`. */
  readonly misbehaviour?: ProviderOptions
  readonly application?: ApplicationOptions
  /** The verdict for a correct provider. By default, DONE. */
  readonly control?: Scenario
  /** The verdict for the module. By default, DONE. */
  readonly run?: Scenario
}

/** @throws {Failure} If the client does not pass. */
export type Scenario = (world: World) => Promise<void>

/** A module whose ID token is wrong: the client must stop for this reason. */
export function refuses(name: string, idToken: ChangeClaims, refusal: Refusal): Module {
  return { name, misbehaviour: { idToken }, run: (world) => stop(world, refusal) }
}

/** Appends a text to a claim. */
export function append(name: string, text: string): ChangeClaims {
  return (claims) => ({ ...claims, [name]: String(claims[name]) + text })
}

/** Replaces a claim, or removes it if the value is `undefined`. */
export function set(name: string, value: unknown): ChangeClaims {
  return (claims) => ({ ...claims, [name]: value })
}

type ChangeClaims = NonNullable<ProviderOptions['idToken']>

/** The error of a sign-in whose ID token has a wrong claim. */
export const WRONG_CLAIM: Refusal = {
  code: 'authorization_response_invalid',
  cause: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
}
/** The error of a sign-in whose ID token is not signed as agreed, or has a wrong signature. */
export const WRONG_SIGNATURE: Refusal = {
  code: 'authorization_response_invalid',
  cause: 'ID_TOKEN_SIGNATURE',
}
/** The error of a sign-in whose ID token lacks a claim. */
export const MISSING_CLAIM: Refusal = {
  code: 'authorization_response_invalid',
  cause: 'OAUTH_INVALID_RESPONSE',
}
