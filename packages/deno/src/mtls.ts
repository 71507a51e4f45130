/**
 * A `fetch` for Deno that presents a TLS client certificate.
 *
 * @module
 */
import { ConfigurationError } from '@evertoken/core'

/** The certificate that `createMtlsFetch` presents. */
export interface MtlsFetchOptions {
  /** The certificate of the client in PEM, followed by the intermediate certificates. */
  readonly cert: string
  /** The private key of the certificate in PEM. */
  readonly key: string
  /**
   * The certificates in PEM of the authorities that servers are verified with.
   *
   * @default the authorities of the runtime
   */
  readonly ca?: string
}

/** The part of `node:crypto` that is used here. */
interface Crypto {
  readonly X509Certificate: new (pem: string) => { checkPrivateKey(key: object): boolean }
  createPrivateKey(pem: string): object
}

/** The part of Deno that is used here. */
interface Runtime {
  readonly Deno: {
    createHttpClient(options: {
      readonly cert: string
      readonly key: string
      readonly caCerts?: readonly string[]
    }): object
  }
  readonly process: { getBuiltinModule(name: 'node:crypto'): Crypto }
}

/**
 * Creates a `fetch` that presents a TLS client certificate, for the option `fetch`.
 *
 * @param options - The certificate and its key. To replace them, create another `fetch`.
 * @returns The `fetch`.
 * @throws {ConfigurationError} If the certificate or the key is malformed, or they don't belong together.
 * @example
 *   const fetch = createMtlsFetch({ cert: Deno.env.get('CLIENT_CERT') ?? '', key: Deno.env.get('CLIENT_KEY') ?? '' })
 *   const auth = evertoken({ ...options, clientAuthentication: tlsClientAuth(), fetch })
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705#section-2 RFC 8705, section 2: Mutual TLS for OAuth Client Authentication}
 */
export function createMtlsFetch({ cert, key, ca }: MtlsFetchOptions): typeof globalThis.fetch {
  checkIdentity({ cert, key, ...(ca !== undefined && { ca }) })
  const { Deno } = globalThis as unknown as Runtime
  const client = Deno.createHttpClient({ cert, key, ...(ca !== undefined && { caCerts: [ca] }) })
  return (input, init) => globalThis.fetch(input, { ...init, client } as RequestInit)
}

/** Deno ends the process if the key belongs to another certificate. The error of a part can repeat a part of the key. */
function checkIdentity({ cert, key, ca = cert }: MtlsFetchOptions): void {
  const { process } = globalThis as unknown as Runtime
  try {
    const { createPrivateKey, X509Certificate } = process.getBuiltinModule('node:crypto')
    const [certificate] = [cert, ca].map((pem) => new X509Certificate(pem))
    if (certificate?.checkPrivateKey(createPrivateKey(key))) return
  } catch {
    // The error below names the remedy.
  }
  const message =
    'Options `cert`, `key` and `ca` must be PEM, and `key` must be the private key of `cert`. If a value comes from an ' +
    'environment variable, check that the variable is set.'
  throw new ConfigurationError('invalid_option', message)
}
