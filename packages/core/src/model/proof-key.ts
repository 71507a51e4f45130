/**
 * The private key of a grant, as a JWK (RFC 7517). The tokens of the grant are bound to it, so it exists exactly as long.
 *
 * It is sealed together with the tokens. A key that cannot be extracted could not be stored.
 */
export type ProofKey = Readonly<Record<string, string>>
