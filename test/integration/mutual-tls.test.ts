import { X509Certificate } from 'node:crypto'
import type { EvertokenEvent } from '@evertoken/core'
import { clientCredentials } from '@evertoken/core/grants'
import { selfSignedTlsClientAuth, tlsClientAuth } from '@evertoken/core/mtls'
import { evertoken, type EvertokenOptions, type EvertokenWithClient } from '@evertoken/node'
import { createMtlsFetch } from '@evertoken/node/mtls'
import { exportJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { type Certificate, createCertificate, toX5c } from './certificate.ts'
import { APP_URL, CLIENT_ID, signInAt } from './oidc-provider.ts'
import {
  CLIENT_CERTIFICATE as client,
  SERVER_CERTIFICATE as server,
  startMtlsProvider,
} from './mtls-provider.ts'

const methods = [
  {
    name: 'tls_client_auth',
    clientAuthentication: tlsClientAuth(),
    metadata: async () => ({
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: 'CN=client',
    }),
  },
  {
    name: 'self_signed_tls_client_auth',
    clientAuthentication: selfSignedTlsClientAuth(),
    metadata: async () => {
      const { publicKey } = new X509Certificate(client.cert)
      return {
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        jwks: { keys: [{ ...(await exportJWK(publicKey)), x5c: [toX5c(client)] }] },
      }
    },
  },
]

function createApplication(
  issuer: string,
  identity: Certificate | undefined,
  options: Partial<EvertokenOptions>,
): { readonly auth: EvertokenWithClient; readonly events: EvertokenEvent[] } {
  const events: EvertokenEvent[] = []
  const auth = evertoken({
    ...options,
    issuer,
    clientId: CLIENT_ID,
    encryptionSecret: 'a secret of thirty-two characters',
    baseUrl: APP_URL,
    client: clientCredentials({ scope: 'api' }),
    serverTimeoutSeconds: 2,
    ...(identity && { fetch: createMtlsFetch({ ...identity, ca: server.cert }) }),
    onEvent: (event) => void events.push(event),
  } as EvertokenOptions & { client: ReturnType<typeof clientCredentials> })
  return { auth, events }
}

describe.each(methods)('a client with $name', ({ clientAuthentication, metadata }) => {
  it('S20: signs in, refreshes, calls as itself and revokes at the endpoints for certificates', async () => {
    const { issuer, forms } = await startMtlsProvider(await metadata())
    const { auth, events } = createApplication(issuer, client, { clientAuthentication })
    const user = await signInAt(auth)
    await user.get('/', async () => {
      const first = await auth.getUserAccessToken()
      const second = await auth.getUserAccessToken({ rejectedToken: first })
      expect(second?.value).not.toBe(first?.value)
      expect((await auth.getClientAccessToken()).value).not.toBe(second?.value)

      // The token works only with the certificate.
      const discovered = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as {
        readonly mtls_endpoint_aliases: { readonly userinfo_endpoint: string }
      }
      const { userinfo_endpoint: api } = discovered.mtls_endpoint_aliases
      const presenting = auth.createTokenFetch({
        baseUrl: api,
        fetch: createMtlsFetch({ ...client, ca: server.cert }),
      })
      expect(await (await presenting(api)).json()).toMatchObject({ sub: 'alice' })
      const plain = auth.createTokenFetch({ baseUrl: `${issuer}/me` })
      expect((await plain(`${issuer}/me`)).status).toBe(401)
      expect(await auth.revokeRefreshToken()).toBe('revoked')
      return new Response()
    })
    expect(events.filter(({ type }) => type === 'user_info_failed')).toEqual([])
    // A sign-in, a refresh, a refresh after the 401, a token of the client and the revocation.
    expect(forms.length).toBeGreaterThanOrEqual(4)
    for (const form of forms) {
      expect(form.get('client_id')).toBe(CLIENT_ID)
      expect(form.has('client_secret') || form.has('client_assertion')).toBe(false)
    }
  })

  it.each([
    ['no certificate', undefined],
    ['the certificate of another client', createCertificate('other')],
    ['an expired certificate', createCertificate('client', { ageYears: 2 })],
  ])('keeps the session if it presents %s', async (_what, identity) => {
    const { issuer, forms } = await startMtlsProvider(await metadata())
    let current: typeof fetch = createMtlsFetch({ ...client, ca: server.cert })
    const events: EvertokenEvent[] = []
    const { auth } = createApplication(issuer, undefined, {
      clientAuthentication,
      fetch: (input, init) => current(input, init),
      onEvent: (event) => void events.push(event),
    })
    const user = await signInAt(auth)
    const sent = forms.length
    const wrong = identity && createMtlsFetch({ ...identity, ca: server.cert })
    current = wrong ?? ((input, init) => fetchWithout(input, init))
    await user.get('/', async () => {
      const token = await auth.getUserAccessToken()
      const error: unknown = await auth
        .getUserAccessToken({ rejectedToken: token })
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'client_rejected' })
      return new Response()
    })
    expect(forms.length).toBe(sent + 1)
    // The access token still works, and the session goes on with the right certificate.
    current = createMtlsFetch({ ...client, ca: server.cert })
    await user.get('/', async () => {
      expect(await auth.getUserAccessToken()).toBeDefined()
      return new Response()
    })
  })
})

/** Trusts the server, but presents no certificate. */
const fetchWithout: typeof fetch = async (input, init) => {
  const { Agent, request } = await import('node:https')
  const { url, method, headers } = new Request(input, init)
  if (url.startsWith('http:')) return fetch(input, init)
  return new Promise((resolve, reject) => {
    const agent = new Agent({ ca: server.cert })
    const outgoing = request(url, { agent, method, headers: Object.fromEntries(headers) }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () =>
        resolve(new Response(Buffer.concat(chunks), { status: incoming.statusCode ?? 0 })),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(String(init?.body as URLSearchParams))
  })
}
