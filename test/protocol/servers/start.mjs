import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createCertificate, toX5c } from '../../integration/certificate.ts'
import { createAuthorizationServer } from './authorization-server.mjs'
import { createResourceServer } from './resource-server.mjs'

/** Starts all servers on loopback: two authorization servers, an API, and both at an address that asks for a certificate. */
export async function startServers() {
  const authority = createCertificate('authority')
  const selfSigned = createCertificate('client')
  const issued = createCertificate('client', { authority })
  // Deno refuses a server whose certificate is that of an authority.
  const { cert, key } = createCertificate('server', { authority })
  const asking = {
    cert,
    key,
    ca: [authority.cert, selfSigned.cert],
    requestCert: true,
    rejectUnauthorized: false,
  }
  const open = []
  const listen = async (server, scheme = 'http') => {
    open.push(server)
    server.keepAliveTimeout = 0
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return `${scheme}://127.0.0.1:${server.address().port}`
  }
  const [https, ...plain] = [createSecureServer(asking), createServer(), createServer(), createServer()]
  const [issuer, partner, apiUrl] = await Promise.all(plain.map((server) => listen(server)))
  const mtlsUrl = await listen(https, 'https')
  const [first, second] = [
    await createAuthorizationServer(issuer, mtlsUrl),
    await createAuthorizationServer(partner, mtlsUrl, issuer),
  ]
  const api = createResourceServer(apiUrl, [issuer, partner])
  plain.forEach((server, i) => server.on('request', [first, second, api][i].respond))
  https.on('request', (request, response) => {
    if (!request.url.startsWith('/api/')) return first.respond(request, response)
    request.url = request.url.slice('/api'.length)
    return api.respond(request, response)
  })
  const toIdentity = (identity) => ({
    cert: identity.cert,
    key: identity.key,
    jwk: {
      ...new X509Certificate(identity.cert).publicKey.export({ format: 'jwk' }),
      x5c: [toX5c(identity)],
    },
  })
  return {
    config: {
      issuer,
      partner,
      api: apiUrl,
      mtlsApi: `${mtlsUrl}/api`,
      authorityCertificate: authority.cert,
      identities: { issued: toIdentity(issued), selfSigned: toIdentity(selfSigned) },
    },
    stop() {
      for (const server of open) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}
