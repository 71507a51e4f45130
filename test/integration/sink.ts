import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that arrived at a sink. */
export interface Arrival {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A real server that remembers all it was sent. */
export interface Sink {
  readonly url: string
  readonly arrivals: Arrival[]
  close(): void
}

export async function createSink(
  answer: (arrival: Arrival, response: ServerResponse, count: number) => void,
): Promise<Sink> {
  const arrivals: Arrival[] = []
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    const arrival = { method, path: url, headers, body: Buffer.concat(chunks).toString() }
    arrivals.push(arrival)
    answer(arrival, response, arrivals.length)
    if (!response.writableEnded) response.end('ok')
  }
  // An incomplete request is not an arrival.
  const server = createServer(
    (request, response) => void take(request, response).catch(() => response.destroy()),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    arrivals,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
