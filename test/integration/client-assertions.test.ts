import { createSign } from 'node:crypto'
import { clientCredentials } from '@evertoken/core/grants'
import {
  type ClientAuthentication,
  clientSecretJwt,
  importSigningKey,
  joseSignature,
  privateKeyJwt,
  type SigningKey,
} from '@evertoken/core/credentials'
import type { EvertokenEvent } from '@evertoken/core'
import { evertoken, type EvertokenWithClient } from '@evertoken/node'
import { exportPKCS8 } from 'jose'
import { describe, expect, it } from 'vitest'
import { APP_URL, CLIENT_ID, createClientKey, signInAt, startOidcProvider } from './oidc-provider.ts'

const SECRET = 'a client secret of more than thirty-two characters'

interface Application {
  readonly auth: EvertokenWithClient
  readonly events: EvertokenEvent[]
}

function createApplication(issuer: string, clientAuthentication: ClientAuthentication): Application {
  const events: EvertokenEvent[] = []
  const auth = evertoken({
    issuer,
    clientId: CLIENT_ID,
    clientAuthentication,
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: APP_URL,
    client: clientCredentials({ scope: 'api' }),
    serverTimeoutSeconds: 2,
    onEvent: (event) => void events.push(event),
  })
  return { auth, events }
}

/** Signs in, refreshes twice, gets a token of the client and revokes. */
async function useGrant({ auth }: Application): Promise<string[]> {
  const user = await signInAt(auth)
  const tokens: string[] = []
  let outcome: string | undefined
  await user.get('/', async () => {
    let token = await auth.getUserAccessToken()
    for (let i = 0; i < 2 && token; i++) {
      tokens.push(token.value)
      token = await auth.getUserAccessToken({ rejectedToken: token })
    }
    if (token) tokens.push(token.value)
    tokens.push((await auth.getClientAccessToken()).value)
    outcome = await auth.revokeRefreshToken()
    return new Response()
  })
  expect(outcome).toBe('revoked')
  return tokens
}

describe('a client of a real authorization server', () => {
  it.each(['ES256', 'ES384', 'PS256', 'PS384', 'RS256', 'EdDSA'] as const)(
    'signs in, refreshes, calls as itself and revokes with private_key_jwt and %s',
    async (algorithm) => {
      const { privateKey, jwk } = await createClientKey(algorithm, 'key-1')
      const { issuer, forms } = await startOidcProvider(
        {
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: algorithm,
          jwks: { keys: [jwk] },
        },
        () => ({ enabledJWA: { clientAuthSigningAlgValues: [algorithm] } }),
      )
      const key = await importSigningKey(await exportPKCS8(privateKey), algorithm, 'key-1')
      const tokens = await useGrant(createApplication(issuer, privateKeyJwt(key)))
      expect(new Set(tokens).size).toBe(4)
      // The server refuses a `jti` that it has seen.
      const assertions = forms.map((form) => form.get('client_assertion'))
      expect(assertions).toHaveLength(5)
      expect(new Set(assertions).size).toBe(5)
      for (const form of forms) expect(form.has('client_secret')).toBe(false)
    },
  )

  it('does so with client_secret_jwt, and never sends the secret', async () => {
    const { issuer, forms } = await startOidcProvider({
      client_secret: SECRET,
      token_endpoint_auth_method: 'client_secret_jwt',
    })
    const tokens = await useGrant(
      createApplication(
        issuer,
        clientSecretJwt(async () => SECRET),
      ),
    )
    expect(new Set(tokens).size).toBe(4)
    expect(forms.map(String).join()).not.toContain('secret')
    expect(new Set(forms.map((form) => form.get('client_assertion'))).size).toBe(5)
  })

  it('signs with a key service that returns DER', async () => {
    const { privateKey, jwk } = await createClientKey('ES256', 'kms')
    const { issuer } = await startOidcProvider({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
    })
    const pem = await exportPKCS8(privateKey)
    let calls = 0
    const sign = async (data: Uint8Array) => {
      calls++
      return joseSignature(createSign('sha256').update(data).sign(pem), 'ES256')
    }
    await useGrant(createApplication(issuer, privateKeyJwt({ sign, algorithm: 'ES256', keyId: 'kms' })))
    // A sign-in, two refreshes, a token of the client and a revocation.
    expect(calls).toBe(5)
  })

  it('rotates its key without a restart', async () => {
    const [old, renewed] = [await createClientKey('ES256', 'old'), await createClientKey('ES256', 'new')]
    const { issuer } = await startOidcProvider({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [old.jwk, renewed.jwk] },
    })
    let current: SigningKey = { key: old.privateKey, keyId: 'old' }
    const app = createApplication(
      issuer,
      privateKeyJwt(() => current),
    )
    await useGrant(app)
    current = { key: renewed.privateKey, keyId: 'new' }
    await useGrant(app)
  })

  it.each<[string, object, string]>([
    ['throws', { fault: () => Promise.reject(new Error('canary')) }, 'key_service_unavailable'],
    ['hangs', { fault: () => new Promise(() => undefined) }, 'key_service_unavailable'],
    ['returns DER', { fault: async () => new Uint8Array(70) }, 'invalid_option'],
    ['signs with another key', { fault: async () => new Uint8Array(64) }, 'client_rejected'],
  ])('keeps the session if the key service %s', async (_what, fault, code) => {
    const { privateKey, jwk } = await createClientKey('ES256', 'kms')
    const { issuer, forms } = await startOidcProvider({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
    })
    const pem = await exportPKCS8(privateKey)
    let broken: (() => Promise<Uint8Array>) | undefined
    const sign = async (data: Uint8Array) =>
      broken ? broken() : joseSignature(createSign('sha256').update(data).sign(pem), 'ES256')
    const { auth, events } = createApplication(issuer, privateKeyJwt({ sign, algorithm: 'ES256' }))
    const user = await signInAt(auth)
    const before = forms.length
    broken = (fault as { fault: () => Promise<Uint8Array> }).fault
    await user.get('/', async () => {
      const token = await auth.getUserAccessToken()
      const error: unknown = await auth
        .getUserAccessToken({ rejectedToken: token })
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code })
      expect(JSON.stringify([String(error), events])).not.toContain('canary')
      return new Response()
    })
    // Only the server can find out that the signature is wrong, and it did not use the refresh token then.
    expect(forms.length - before).toBe(code === 'client_rejected' ? 1 : 0)
    expect(events.filter(({ type }) => type === 'session_ended' || type === 'refresh_token_lost')).toEqual([])
  })
})
