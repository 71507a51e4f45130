import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AuthorizationServerOptions, createAuthorizationServer } from './authorization-server.ts'
import { createResourceServer } from './resource-server.ts'

export interface SandboxOptions extends Pick<AuthorizationServerOptions, 'onIssued' | 'onRevoked'> {
  /** For the application; 0 takes any. */
  readonly port: number
  /** `cookie` (default) or `server`. */
  readonly session?: string | undefined
  /** Default 10. */
  readonly accessTokenSeconds?: number | undefined
}

export interface Sandbox {
  readonly appUrl: string
  readonly apiUrl: string
  readonly issuer: string
  /** Stops the application and lets its refreshes finish, while the other servers still respond. */
  close(): Promise<void>
}

/** The time for responses that are being sent. A stream of events would never end. */
const LAST_RESPONSES_MS = 1000

/** Starts the three servers on this machine. One to a process: the application is configured by its environment. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const app = await listen(options.port)
  const [authorizationServer, resourceServer] = await Promise.all([listen(0), listen(0)])
  const appUrl = `http://127.0.0.1:${portOf(app)}`
  const apiUrl = `http://127.0.0.1:${portOf(resourceServer)}`
  // Another host name than the application's: cookies do not know ports.
  const issuer = `http://localhost:${portOf(authorizationServer)}`
  const accessTokenSeconds = options.accessTokenSeconds ?? 10
  const client = { clientId: 'example', clientSecret: randomSecret() }

  const { onIssued, onRevoked } = options
  const settings = { ...client, issuer, appUrl, resource: apiUrl, accessTokenSeconds, onIssued, onRevoked }
  authorizationServer.on('request', await createAuthorizationServer(settings))
  resourceServer.on('request', createResourceServer({ issuer, audience: apiUrl }))
  Object.assign(process.env, {
    APP_URL: appUrl,
    API_URL: apiUrl,
    ISSUER: issuer,
    CLIENT_ID: client.clientId,
    CLIENT_SECRET: client.clientSecret,
    SESSION_SECRET: randomSecret(),
    SESSION: options.session ?? 'cookie',
    ACCESS_TOKEN_SECONDS: String(accessTokenSeconds),
  })
  const [{ listener }, { auth }] = await Promise.all([import('./app.ts'), import('./auth.ts')])
  app.on('request', listener)

  async function close(): Promise<void> {
    app.close()
    await auth.drain({ timeoutSeconds: 20 })
    for (const server of [app, authorizationServer, resourceServer]) {
      server.close()
      setTimeout(() => server.closeAllConnections(), LAST_RESPONSES_MS).unref()
    }
  }

  return { appUrl, apiUrl, issuer, close }
}

function listen(port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}
