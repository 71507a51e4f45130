import { CURVES, type PublicKey } from '../../rules/protocol/signing-keys.ts'
import { fromBase64Url } from '../../rules/protocol/jwt.ts'

/** Returns the parameters of Web Crypto for an asymmetric algorithm (RFC 7518 §3.1, RFC 8037 §3.1). */
export function parametersOf(algorithm: string): RsaHashedImportParams & EcKeyImportParams & RsaPssParams {
  const bits = Number(algorithm.slice(2))
  const name = { RS: 'RSASSA-PKCS1-v1_5', PS: 'RSA-PSS', ES: 'ECDSA' }[algorithm.slice(0, 2)] ?? 'Ed25519'
  return { name, hash: `SHA-${bits}`, namedCurve: CURVES[algorithm] ?? '', saltLength: bits / 8 }
}

/** Whether one of these keys has signed a compact JWS (RFC 7515 §5.2) with this algorithm. Never throws. */
export async function isSignedBy(
  token: string,
  algorithm: string,
  keys: readonly PublicKey[],
): Promise<boolean> {
  for (const key of keys) if (await isSignedWith(token, algorithm, key)) return true
  return false
}

async function isSignedWith(token: string, algorithm: string, key: PublicKey): Promise<boolean> {
  const parameters = parametersOf(algorithm)
  // The other members could contradict the parameters, and were compared with the header before.
  const { kty, crv, n, e, x, y } = key as JsonWebKey
  try {
    // A member with deep lists throws here.
    const jwk = JSON.parse(JSON.stringify({ kty, crv, n, e, x, y })) as JsonWebKey
    const imported = await crypto.subtle.importKey('jwk', jwk, parameters, false, ['verify'])
    return await verify(token, parameters, imported)
  } catch {
    // The key is malformed, or its kind is not known to this runtime.
    return false
  }
}

/** Whether the client secret has signed a compact JWS with HS256 (OIDC Core §10.1). */
export async function isSignedBySecret(token: string, secret: string): Promise<boolean> {
  const parameters = { name: 'HMAC', hash: 'SHA-256' }
  const bytes = new TextEncoder().encode(secret)
  const key = await crypto.subtle.importKey('raw', bytes, parameters, false, ['verify'])
  try {
    return await verify(token, parameters, key)
  } catch {
    // The signature is not base64url.
    return false
  }
}

function verify(token: string, parameters: AlgorithmIdentifier, key: CryptoKey): Promise<boolean> {
  const end = token.lastIndexOf('.')
  const signed = new TextEncoder().encode(token.slice(0, end))
  return crypto.subtle.verify(parameters, key, fromBase64Url(token.slice(end + 1)), signed)
}
