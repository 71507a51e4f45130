/** An algorithm of signatures (RFC 7518 §3.1, RFC 8037 §3.1). */
export type SigningAlgorithm = 'ES256' | 'ES384' | 'PS256' | 'PS384' | 'RS256' | 'EdDSA'

/** A private key of the client, as a `CryptoKey` or as a function of a key service, which the key never leaves. */
export type SigningKey =
  | {
      /** A private key with the usage `sign`. Its algorithm must be that of signatures. */
      readonly key: CryptoKey
      /** The `kid` of the key in the JWK Set that the authorization server knows. */
      readonly keyId?: string
      /**
       * The algorithm, which must fit the key.
       *
       * @default the algorithm of the key
       */
      readonly algorithm?: SigningAlgorithm
    }
  | {
      /**
       * Signs the data. An ECDSA signature consists of r and s. If your key service returns DER, convert it with
       * `joseSignature`.
       */
      readonly sign: (data: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>
      /** The `kid` of the key in the JWK Set that the authorization server knows. */
      readonly keyId?: string
      /** The algorithm of the key. */
      readonly algorithm: SigningAlgorithm
    }

/** A private key, or a function that returns the current one. Evertoken calls the function for each request. */
export type SigningKeySource = SigningKey | (() => SigningKey | Promise<SigningKey>)
