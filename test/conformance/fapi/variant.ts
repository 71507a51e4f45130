/** A variant of the plans: what the suite lets its user choose. The client always authenticates with `private_key_jwt`. */
export interface Variant {
  /** `oidc`: with ID tokens. `plain_oauth`: without them, and with the metadata of RFC 8414. */
  readonly clientType: 'oidc' | 'plain_oauth'
  /** How access tokens are bound. */
  readonly senderConstraint: 'dpop' | 'mtls'
  /** Whether requests and responses are signed (JAR, JARM). */
  readonly messageSigning: boolean
}

export const CLIENT_ID = 'fapi-conformance-client'
export const SUBJECT = 'user-subject-1234531'
export const ACCOUNTS_PATH = 'open-banking/v1.1/accounts'

/** The algorithms that FAPI 2.0 allows. */
export const ALGORITHMS = ['PS256', 'ES256', 'EdDSA', 'Ed25519']

/** The scope that is registered for the client. Its requests must repeat it, in this order. */
export function scopeOf({ clientType }: Variant): string {
  return clientType === 'oidc' ? 'openid accounts' : 'accounts'
}
