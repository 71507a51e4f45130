import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { type LoopbackServer, serve } from './server.ts'

/** Another origin, which no token and no body of the user must ever reach. */
export interface Sink extends LoopbackServer {
  /** Everything it got: method, URL, headers and body of each request. */
  readonly received: string[]
}

export async function createSink(): Promise<Sink> {
  const received: string[] = []
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url, headers } = request
    received.push([method, url, JSON.stringify(headers), await text(request)].join(' '))
    response.end('a stranger')
  }
  const server = await serve((request, response) => void take(request, response))
  return { ...server, received }
}
