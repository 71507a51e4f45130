import type { StoredToken } from '../../model/stored-tokens.ts'
import type { ProofKey } from '../../model/proof-key.ts'
import type { Credential, TokenlessRequest } from '../../ports/credential.ts'
import type { TokenBinding } from '../../ports/token-binding.ts'
import { rejectsToken } from '../../rules/calls/authentication-challenge.ts'
import { bindingMissing } from '../refresh/refreshers.ts'
import { addHeaders } from './with-headers.ts'
import type { AuthorizationHeaders } from '../../vocabulary/index.ts'

type SentToken = Pick<StoredToken, 'value' | 'type' | 'header'>

/**
 * Sends a token as it is, in the `Authorization` header (RFC 6750 §2.1), or in the header of the API. It is a class, because
 * each call creates one.
 */
class BearerCredential implements Credential {
  readonly token: string
  readonly #name: string
  readonly #value: string

  constructor({ value, type, header }: SentToken) {
    this.token = value
    this.#name = header?.name?.toLowerCase() ?? 'authorization'
    this.#value = header ? `${header.prefix ?? ''}${value}` : `${type} ${value}`
  }

  authorize(): AuthorizationHeaders {
    return { [this.#name]: this.#value } as AuthorizationHeaders
  }

  send({ fetch, target, init }: TokenlessRequest): Promise<Response> {
    init.headers = addHeaders(init.headers, this.authorize())
    return fetch(target, init)
  }

  readResponse(response: Pick<Response, 'status' | 'headers'>): 'retry' | 'done' {
    return rejectsToken(response) ? 'retry' : 'done'
  }
}

export function createBearerCredential(token: SentToken): Credential {
  return new BearerCredential(token)
}

/**
 * Returns what puts a token on requests with a proof. Returns `undefined` if the token is not bound to a key.
 *
 * The stored token decides, and not an option, so that a token that is bound is never sent without a proof.
 *
 * @param ledgerKey - The key of all tokens of the ledger.
 * @param binding - Signs the proofs. A refresher returns no bound token without it.
 */
export function createProofCredential(
  token: Pick<StoredToken, 'value' | 'type' | 'header' | 'proofKey'>,
  ledgerKey: ProofKey | undefined,
  binding: TokenBinding | undefined,
): Credential | undefined {
  const key = token.proofKey ?? ledgerKey
  if (key && binding) return binding.credential(token, key)
  if (token.type === 'DPoP') throw bindingMissing()
  return undefined
}

/** Returns what puts a token on requests: with a proof if the token is bound to a key. */
export function createCredential(...parameters: Parameters<typeof createProofCredential>): Credential {
  return createProofCredential(...parameters) ?? createBearerCredential(parameters[0])
}
