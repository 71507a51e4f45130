import type { ProofKey } from '../model/proof-key.ts'
import type { StoredToken } from '../model/stored-tokens.ts'
import type { Credential } from './credential.ts'

/** Sends a request to the authorization server. */
type Send = (url: string, init?: object) => Promise<Response>

/** Binds the tokens of one application to keys of the client, whose possession it proves (RFC 9449). */
export interface TokenBinding {
  /** Creates the key of a new grant. */
  createKey(): Promise<ProofKey>
  /**
   * Returns a key of the application as the session stores it.
   *
   * @throws {ConfigurationError} If it is missing, or cannot sign proofs.
   */
  adoptKey(key: object | undefined): Promise<ProofKey>
  /** Returns the SHA-256 thumbprint of the public key (RFC 7638), which binds an authorization code to it. */
  thumbprint(key: ProofKey): Promise<string>
  /**
   * Sends a token request with a proof, and sends it again if the server asks for a nonce.
   *
   * @param request - Sends the request with the function that it gets.
   * @param resendWithinMs - How late the second request can leave after the first one.
   */
  sendTokenRequest(
    key: ProofKey,
    send: Send,
    request: (send: Send) => Promise<Response>,
    resendWithinMs: number,
  ): Promise<Response>
  /** Returns what puts a token and a proof on requests to an API. */
  credential(token: Pick<StoredToken, 'value'>, key: ProofKey): Credential
}

declare const brand: unique symbol

/**
 * How access tokens are bound to the client, so that a stolen token is useless.
 *
 * `dpop()` of `@evertoken/core/dpop` or `certificateBound()` of `@evertoken/core/mtls` creates it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-2.2.1 RFC 9700, section 2.2.1: Access Tokens}
 */
export interface SenderConstraint {
  readonly [brand]: true
  /** What proves the possession: a signed proof in each request, or the certificate of its TLS connection. */
  readonly method: 'dpop' | 'mtls'
}
