import { createHash, randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { calculateJwkThumbprint, createRemoteJWKSet, decodeJwt, EmbeddedJWK, jwtVerify } from 'jose'

const PROOF_SECONDS = 60

/**
 * Creates an API that verifies each token, its audience, and the proof or the certificate that it is bound to.
 *
 * The first part of a path is the audience: `/orders/list` needs a token for `<url>/orders`. The last part selects a
 * behaviour. The response states what the API has verified.
 *
 * @param issuers - The issuers whose tokens it accepts.
 */
export function createResourceServer(url, issuers) {
  const keys = new Map(issuers.map((issuer) => [issuer, createRemoteJWKSet(new URL(`${issuer}/jwks`))]))
  const proofs = new Set()
  const rejected = new Set()
  /** The latest nonce of each client, because several programs call the API at the same time. */
  const nonces = new Map()

  /** Verifies an access token for this audience. Throws if it is not valid. */
  async function verifyToken(token, audience) {
    const { iss } = decodeJwt(token)
    const { payload } = await jwtVerify(token, keys.get(iss), { issuer: iss, audience, typ: 'at+jwt' })
    return payload
  }

  /**
   * Checks the proof of a request (RFC 9449 §4.3), and returns its error.
   *
   * @param nonce - The value that the proof must have. `undefined`: any.
   */
  async function findProofError(request, token, jkt, nonce) {
    const verified = await jwtVerify(String(request.headers.dpop), EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['ES256', 'EdDSA'],
      maxTokenAge: PROOF_SECONDS,
    }).catch(() => undefined)
    if (!verified) return 'invalid_dpop_proof'
    const { payload, protectedHeader } = verified
    const { pathname } = new URL(request.url, url)
    const ath = createHash('sha256').update(token).digest('base64url')
    const isFor = payload.htm === request.method && payload.htu === url + pathname && payload.ath === ath
    if (!isFor || proofs.has(payload.jti)) return 'invalid_dpop_proof'
    proofs.add(payload.jti)
    if ((await calculateJwkThumbprint(protectedHeader.jwk)) !== jkt) return 'invalid_token'
    return nonce === undefined || payload.nonce === nonce ? undefined : 'use_dpop_nonce'
  }

  function findCertificateError(request, thumbprint) {
    const certificate = request.socket.getPeerCertificate?.()
    const presented = certificate?.raw && createHash('sha256').update(certificate.raw).digest('base64url')
    return presented === thumbprint ? undefined : 'invalid_token'
  }

  async function respond(request, response) {
    const { pathname, searchParams } = new URL(request.url, url)
    const [, audience, behaviour] = pathname.split('/')
    const body = await text(request)
    const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ')
    const refuse = (error, more = '') => {
      response.setHeader('www-authenticate', `${scheme || 'Bearer'} error="${error}"${more}`)
      response.writeHead(401).end()
    }
    const prefix = audience.startsWith('urn:') ? '' : `${url}/`
    const claims = await verifyToken(token, `${prefix}${audience}`).catch(() => undefined)
    if (!claims) return refuse('invalid_token')
    const { jkt, 'x5t#S256': thumbprint } = claims.cnf ?? {}
    if (scheme !== (jkt ? 'DPoP' : 'Bearer')) return refuse('invalid_token')
    if (jkt) {
      const { client_id: client } = claims
      const nonce = behaviour === 'nonce' ? (nonces.get(client) ?? newNonce()) : undefined
      const error = await findProofError(request, token, jkt, nonce)
      if (nonce !== undefined) {
        // Each response has another nonce, and only the latest one is accepted.
        nonces.set(client, newNonce())
        response.setHeader('dpop-nonce', nonces.get(client))
      }
      if (error) return refuse(error)
    }
    if (thumbprint && findCertificateError(request, thumbprint)) return refuse('invalid_token')
    if (behaviour === 'rejected-once' && !rejected.has(audience + claims.client_id)) {
      rejected.add(audience + claims.client_id)
      return refuse('invalid_token')
    }
    if (behaviour === 'gold' && claims.acr !== 'gold')
      return refuse('insufficient_user_authentication', ', acr_values="gold"')
    if (behaviour === 'redirect') {
      response.writeHead(307, { location: searchParams.get('to') }).end()
      return undefined
    }
    const result = { ...claims, scheme, method: request.method, body }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(result))
  }

  return { url, respond: (request, response) => void respond(request, response) }
}

function newNonce() {
  return randomBytes(12).toString('base64url')
}
