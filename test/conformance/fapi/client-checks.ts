import { createHash } from 'node:crypto'
import {
  calculateJwkThumbprint,
  compactVerify,
  EmbeddedJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import { must } from '../verdict.ts'
import type { Incoming } from './incoming.ts'
import { CLIENT_KEY } from './keys.ts'
import { ALGORITHMS, CLIENT_ID } from './variant.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const MINUTE = 60
const DAY = 86_400
/** The parameters of an authorization request that the suite knows, and the claims of a JWT. */
const REQUEST_CLAIMS = new Set(
  (
    'iss aud exp nbf iat jti client_id response_type response_mode redirect_uri scope state nonce code_challenge ' +
    'code_challenge_method dpop_jkt resource claims prompt max_age authorization_details'
  ).split(' '),
)

/** The checks of the suite on what the client signs. Each throws a `Failure` with the fault. */
export interface ClientChecks {
  /** Checks the authentication of the client (RFC 7523 §3). */
  assertion(form: URLSearchParams): Promise<void>
  /**
   * Checks a DPoP proof (RFC 9449 §4.3).
   *
   * @returns The thumbprint of its key, and its nonce.
   */
  proof(request: Incoming, accessToken?: string): Promise<{ readonly key: string; readonly nonce: unknown }>
  /** Checks a request object (RFC 9101 §4). Returns its claims. */
  requestObject(request: string, remark: (text: string) => void): Promise<JWTPayload>
}

interface SignedJwt {
  readonly payload: JWTPayload
  readonly typ: string | undefined
}

/** @param now - The time of the provider, in seconds. */
export function createClientChecks(issuer: string, now: () => number): ClientChecks {
  const used = new Set<unknown>()

  function mustBeNew(what: string, { jti }: JWTPayload): void {
    must(typeof jti === 'string' && jti !== '', `${what} has no \`jti\``)
    must(!used.has(jti), `the \`jti\` of ${what} was used before`)
    used.add(jti)
  }

  /** The suite has its own rules for the times, so the claims are not checked here. */
  async function verified(what: string, jwt: string): Promise<SignedJwt> {
    const result = await compactVerify(jwt, CLIENT_KEY.publicKey, { algorithms: ALGORITHMS }).catch(
      () => undefined,
    )
    must(result !== undefined, `${what} is not signed with the registered key and an allowed algorithm`)
    const payload = JSON.parse(Buffer.from(result.payload).toString()) as JWTPayload
    return { payload, typ: result.protectedHeader.typ }
  }

  return {
    async assertion(form) {
      must(form.get('client_assertion_type') === JWT_BEARER, 'the `client_assertion_type` is wrong')
      const { payload } = await verified('the client assertion', form.get('client_assertion') ?? '')
      const { iss, sub, aud, exp = 0, iat, nbf = 0 } = payload
      must(iss === CLIENT_ID && sub === CLIENT_ID, 'the client assertion is not from the client')
      must(aud === issuer, 'the `aud` of the client assertion is not the issuer as a string')
      must(exp > now() - 5 * MINUTE && exp < now() + DAY, 'the `exp` of the client assertion is out of range')
      must(iat !== undefined, 'the client assertion has no `iat`')
      must(nbf <= now() + 5 * MINUTE, 'the `nbf` of the client assertion is in the future')
      must((form.get('client_id') ?? CLIENT_ID) === CLIENT_ID, 'the body names another client')
      mustBeNew('the client assertion', payload)
    },
    async proof({ headers, method, url }, accessToken) {
      const result = await jwtVerify(String(headers['dpop']), EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: ALGORITHMS,
        currentDate: new Date(now() * 1000),
      }).catch(() => undefined)
      must(result !== undefined, 'the DPoP proof is missing or not signed correctly')
      const { payload, protectedHeader } = result
      must(payload['htm'] === method, 'the `htm` of the proof is wrong')
      must(payload['htu'] === url.origin + url.pathname, 'the `htu` of the proof is wrong')
      must(Math.abs((payload.iat ?? 0) - now()) <= 5 * MINUTE, 'the `iat` of the proof is out of range')
      const hash = accessToken && createHash('sha256').update(accessToken).digest('base64url')
      must(payload['ath'] === hash, 'the `ath` of the proof is wrong')
      mustBeNew('the proof', payload)
      return { key: await calculateJwkThumbprint(protectedHeader.jwk as JWK), nonce: payload['nonce'] }
    },
    async requestObject(request, remark) {
      const { payload, typ = 'oauth-authz-req+jwt' } = await verified('the request object', request)
      if (typ !== 'oauth-authz-req+jwt') remark('the request object has another type')
      const { iss, sub, aud, exp = 0, nbf = 0 } = payload
      must(iss === CLIENT_ID, 'the `iss` of the request object is not the client')
      must([aud].flat().includes(issuer), 'the `aud` of the request object is not the issuer')
      must(exp > now() && exp <= now() + 60 * MINUTE, 'the `exp` of the request object is out of range')
      must(nbf <= now() && nbf >= now() - 60 * MINUTE, 'the `nbf` of the request object is out of range')
      must(!('request' in payload) && !('request_uri' in payload), 'the request object contains another one')
      must(sub !== CLIENT_ID, 'the `sub` of the request object is the client')
      const unknown = Object.keys(payload).filter((name) => !REQUEST_CLAIMS.has(name))
      if (unknown.length > 0) remark(`the request object has ${unknown.join(', ')}`)
      return payload
    },
  }
}
