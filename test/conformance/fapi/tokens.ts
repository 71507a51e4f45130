import { createHash, randomUUID } from 'node:crypto'
import { must } from '../verdict.ts'
import type { Authorization, PushedRequest } from './authorization.ts'
import type { Incoming, Outgoing } from './incoming.ts'
import { createJwt } from './keys.ts'
import { nonceRequired } from './nonces.ts'
import type { ProviderContext } from './provider.ts'
import { CLIENT_ID, scopeOf, SUBJECT } from './variant.ts'

const LIFETIME_SECONDS = 900
const ID_TOKEN_SECONDS = 300
const VERIFIER = /^[\w.~-]{43,128}$/

/** The tokens that the client has got. Only the newest are valid. */
export interface Tokens {
  readonly accessToken: string | undefined
  /** The thumbprint of the key that they are bound to. */
  readonly key: string | undefined
  /** How many refreshes have succeeded. */
  readonly refreshes: number
  /** Responds to a token request. */
  respond(request: Incoming): Promise<Outgoing>
}

export function createTokens(context: ProviderContext, authorization: Authorization): Tokens {
  const { issuer, variant, deviations, redirectUri, checks, now } = context
  const { nonces, takeCode } = authorization
  const verifiers = new Set<string>()
  const current = { accessToken: undefined, refreshToken: undefined, key: undefined, refreshes: 0 } as {
    accessToken: string | undefined
    refreshToken: string | undefined
    key: string | undefined
    refreshes: number
  }
  let nonceOfLogin: unknown

  /** RFC 6749 §4.1.3 and RFC 7636 §4.6. */
  function redeem(form: URLSearchParams, key: string | undefined): void {
    const pushed: PushedRequest | undefined = takeCode(form.get('code') ?? '')
    must(pushed !== undefined, 'the code is unknown, or was used before')
    must(form.get('redirect_uri') === redirectUri, 'the `redirect_uri` of the token request is wrong')
    const verifier = form.get('code_verifier') ?? ''
    must(VERIFIER.test(verifier), 'the code verifier is malformed')
    must(!verifiers.has(verifier), 'the code verifier was used before')
    verifiers.add(verifier)
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    must(pushed.parameters['code_challenge'] === challenge, 'the code verifier does not fit its challenge')
    must((pushed.key ?? key) === key, 'the code is bound to another key')
    nonceOfLogin = pushed.parameters['nonce']
  }

  function idToken(accessToken: string): string {
    const hash = createHash('sha256').update(accessToken).digest()
    const iat = now()
    const correct = {
      iss: issuer,
      sub: SUBJECT,
      aud: CLIENT_ID,
      nonce: nonceOfLogin,
      iat,
      exp: iat + ID_TOKEN_SECONDS,
      at_hash: hash.subarray(0, hash.length / 2).toString('base64url'),
    }
    return createJwt(deviations.idToken?.(correct) ?? correct, deviations.idTokenSignature)
  }

  return {
    get accessToken() {
      return current.accessToken
    },
    get key() {
      return current.key
    },
    get refreshes() {
      return current.refreshes
    },
    async respond(request) {
      const { method, form } = request
      must(method === 'POST', 'the token endpoint was not called with POST')
      await checks.assertion(form)
      let key: string | undefined
      if (variant.senderConstraint === 'dpop') {
        const proof = await checks.proof(request)
        if (!nonces.accepts(proof.nonce)) return nonceRequired(nonces)
        ;({ key } = proof)
      }
      const grantType = form.get('grant_type')
      if (grantType === 'refresh_token') {
        must(form.get('refresh_token') === current.refreshToken, 'the refresh token is not the newest one')
        must(key === current.key, 'the refresh token is bound to another key')
        current.refreshes += 1
      } else {
        must(grantType === 'authorization_code', 'the `grant_type` is unknown')
        redeem(form, key)
      }
      const accessToken = randomUUID()
      const refreshToken = randomUUID()
      Object.assign(current, { accessToken, refreshToken, key })
      const correct = {
        access_token: accessToken,
        token_type: variant.senderConstraint === 'dpop' ? 'DPoP' : 'Bearer',
        expires_in: LIFETIME_SECONDS,
        refresh_token: refreshToken,
        scope: scopeOf(variant),
        ...(variant.clientType === 'oidc' && { id_token: idToken(accessToken) }),
      }
      const headers = { 'cache-control': 'no-store', ...nonces.spent() }
      nonces.renew()
      return { status: 200, headers, body: deviations.tokenResponse?.(correct) ?? correct }
    },
  }
}
