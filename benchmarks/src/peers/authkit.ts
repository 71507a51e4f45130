import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CLAIMS, REFRESH_TOKEN } from '../application.ts'

/** The part that is used of `@workos/authkit-session`. */
export interface Authkit {
  readonly configure: (settings: object) => void
  readonly sessionEncryption: { sealData(session: object, options: { password: string }): Promise<string> }
  readonly createAuthService: (options: object) => {
    withAuth(request: Request): Promise<{ auth: { accessToken?: string } }>
  }
}

export interface AuthkitPeer {
  token(): Promise<string>
  close(): void
}

/** Its session in a sealed cookie; it also verifies the access token's signature on each call. */
export async function authkitWithAuth(authkit: Authkit): Promise<AuthkitPeer> {
  const { accessToken, jwks } = await signedToken()
  const server = createServer((_request, response) => response.end(JSON.stringify(jwks)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  const password = 'p'.repeat(40)
  authkit.configure({
    clientId: 'web',
    apiKey: 'benchmark',
    redirectUri: 'https://app.example.com/callback',
    cookiePassword: password,
  })
  const session = { accessToken, refreshToken: REFRESH_TOKEN, user: CLAIMS }
  const sealed = await authkit.sessionEncryption.sealData(session, { password })
  const service = authkit.createAuthService({
    sessionStorageFactory: () => ({ getSession: async () => sealed }),
    clientFactory: () => ({ userManagement: { getJwksUrl: () => jwksUrl } }),
  })
  const request = new Request('https://app.example.com/')
  return {
    token: async () => (await service.withAuth(request)).auth.accessToken ?? '',
    close: () => void server.close(),
  }
}

async function signedToken() {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const now = Math.floor(Date.now() / 1000)
  const head = { alg: 'ES256', kid: 'k' }
  const claims = {
    ...CLAIMS,
    iss: 'https://login.example.com',
    iat: now,
    exp: now + 3600,
    pad: 'x'.repeat(200),
  }
  const signed = [head, claims].map((part) => base64url(Buffer.from(JSON.stringify(part)))).join('.')
  const signature = await crypto.subtle.sign(algorithm, privateKey, Buffer.from(signed))
  const key = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kid: 'k', alg: 'ES256' }
  return { accessToken: `${signed}.${base64url(Buffer.from(signature))}`, jwks: { keys: [key] } }
}

function base64url(bytes: Buffer): string {
  return bytes.toString('base64url')
}
