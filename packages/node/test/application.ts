import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { EvertokenOptions, ServerProfile } from '@evertoken/core'
import { evertoken, type Evertoken } from '@evertoken/node'
import { expressMiddleware } from '@evertoken/node/express'
import { createWorld } from '@evertoken/testkit/world'
import { afterEach } from 'vitest'

const world = createWorld()
export const { clock, authorizationServer } = world

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

export function createOptions(): Omit<EvertokenOptions, 'issuer' | 'server'> & { server: ServerProfile } {
  const { issuer, clientId, clientSecret, encryptionSecret, fetch } = world.options
  return { server: { issuer }, clientId, clientSecret, encryptionSecret, fetch, clock }
}

export function createAuth(options: Partial<Omit<EvertokenOptions, 'issuer' | 'server'>> = {}): Evertoken {
  return evertoken({ ...createOptions(), ...options })
}

/** Starts a server, which stops after the test. Resolves to its origin. */
export async function listen(server: Server): Promise<string> {
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export type ClassicHandler = (request: IncomingMessage, response: ServerResponse) => unknown

/** Returns a listener that runs a handler behind the middleware. Errors of both end as a 500 with the code. */
export function behindMiddleware(
  auth: Evertoken,
  handler: ClassicHandler,
  before?: ClassicHandler,
): (incoming: IncomingMessage, response: ServerResponse) => void {
  const middleware = expressMiddleware(auth)
  return (incoming, response) => {
    const fail = (error: unknown) => {
      response.statusCode = 500
      response.end((error as { code?: string }).code ?? String(error))
    }
    const next = (problem?: unknown) => {
      if (problem !== undefined) return fail(problem)
      Promise.resolve()
        .then(() => handler(incoming, response))
        .catch(fail)
    }
    before?.(incoming, response)
    middleware(incoming, response, next)
  }
}

/** Serves a handler behind the middleware. Resolves to the origin. */
export const serveClassic = (...application: Parameters<typeof behindMiddleware>): Promise<string> =>
  listen(createServer(behindMiddleware(...application)))

/** Sends what `fetch` would not send. */
export async function sendRaw(url: string, message: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.end(message)
  return text(socket)
}

export async function startSession(auth: Evertoken): Promise<void> {
  await auth.startSession(await authorizationServer.issue())
}
