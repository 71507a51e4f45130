import type { StoredToken } from '../../model/stored-tokens.ts'
import type { Credential } from '../../ports/credential.ts'
import { rejectsToken } from '../../rules/calls/authentication-challenge.ts'
import type { AuthorizationHeaders } from '../../vocabulary/index.ts'

/** Sends a token as it is, in the `Authorization` header (RFC 6750 §2.1). It is a class, because each call creates one. */
class BearerCredential implements Credential {
  readonly token: string
  readonly #type: string

  constructor({ value, type }: Pick<StoredToken, 'value' | 'type'>) {
    this.token = value
    this.#type = type
  }

  authorize(): AuthorizationHeaders {
    return { authorization: `${this.#type} ${this.token}` }
  }

  readResponse(response: Pick<Response, 'status' | 'headers'>): 'retry' | 'done' {
    return rejectsToken(response) ? 'retry' : 'done'
  }
}

export function createBearerCredential(token: Pick<StoredToken, 'value' | 'type'>): Credential {
  return new BearerCredential(token)
}
