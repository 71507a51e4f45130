import type { Signature } from './keys.ts'

/** Parameters or claims. */
export type Members = Readonly<Record<string, unknown>>
type Change = (correct: Members) => Members

/** How the provider differs from the base provider of the suite. */
export interface Deviations {
  /** Whether proofs need a nonce. By default, they do. */
  readonly nonces?: false
  /** Changes the metadata. */
  readonly metadata?: Change
  /** Whether the key set also has a key of another type with the ID of the key that signs. */
  readonly decoyKeys?: true
  /** Changes the parameters of the authorization response, or the claims of a signed one. */
  readonly authorizationResponse?: Change
  /** How the authorization response is signed. */
  readonly responseSignature?: Signature
  /** Changes the claims of ID tokens. */
  readonly idToken?: Change
  /** How ID tokens are signed. */
  readonly idTokenSignature?: Signature
  /** Changes the token response. */
  readonly tokenResponse?: Change
  /** How the resource server writes the scheme of its challenge. */
  readonly challengeScheme?: string
  /** After how many refreshes the resource server accepts a token. By default, it accepts the first token. */
  readonly refreshesBeforeAccess?: number
}

/** Appends a text to a member that is a string. */
export function append(name: string, text: string): Change {
  return (members) => ({ ...members, [name]: (members[name] as string) + text })
}

/** Replaces a member, or removes it if the value is `undefined`. */
export function set(name: string, value: unknown): Change {
  return (members) => ({ ...members, [name]: value })
}
