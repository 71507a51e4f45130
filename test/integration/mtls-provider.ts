import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { createCertificate } from './certificate.ts'
import { type RealServer, startOidcProvider } from './oidc-provider.ts'

export const SERVER_CERTIFICATE = createCertificate('server')
export const CLIENT_CERTIFICATE = createCertificate('client')
const ENDPOINTS = { token: 'token', revocation: 'token/revocation', userinfo: 'me' }

/** The certificate of a request, if its client has presented one. */
export function certificateOf({ req }: { readonly req: IncomingMessage }): X509Certificate | undefined {
  return (req.socket as TLSSocket).getPeerX509Certificate?.()
}

/** Starts a server that asks for a certificate. */
export async function listenWithCertificates(): Promise<{ readonly https: Server; readonly origin: string }> {
  const https = createServer({
    ...SERVER_CERTIFICATE,
    ca: CLIENT_CERTIFICATE.cert,
    requestCert: true,
    rejectUnauthorized: false,
  })
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    https.close()
    https.closeAllConnections()
  })
  return { https, origin: `https://127.0.0.1:${(https.address() as AddressInfo).port}` }
}

/**
 * An `oidc-provider` with further endpoints, which ask for a certificate.
 *
 * @param metadata - Metadata of the client.
 * @param features - Further features of the provider.
 */
export async function startMtlsProvider(
  metadata: object,
  features: object = {},
): Promise<RealServer & { readonly mtlsOrigin: string }> {
  const { https, origin } = await listenWithCertificates()
  const aliases = Object.entries(ENDPOINTS).map(([name, path]) => [`${name}_endpoint`, `${origin}/${path}`])
  const provider = await startOidcProvider(
    { tls_client_certificate_bound_access_tokens: true, ...metadata },
    () => ({
      clientAuthMethods: ['none', 'client_secret_post', 'tls_client_auth', 'self_signed_tls_client_auth'],
      discovery: { mtls_endpoint_aliases: Object.fromEntries(aliases) as object },
      claims: { openid: ['sub', 'name'] },
      features: {
        ...features,
        mTLS: {
          enabled: true,
          certificateBoundAccessTokens: true,
          selfSignedTlsClientAuth: true,
          tlsClientAuth: true,
          getCertificate: certificateOf,
          certificateAuthorized: ({ req }: { req: IncomingMessage }) => (req.socket as TLSSocket).authorized,
          certificateSubjectMatches: (context: { req: IncomingMessage }, _name: string, expected: string) =>
            certificateOf(context)?.subject === expected,
        },
      },
    }),
  )
  https.on('request', provider.answer)
  return { ...provider, mtlsOrigin: origin }
}
