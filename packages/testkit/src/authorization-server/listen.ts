import type { IncomingMessage, ServerResponse } from 'node:http'

/** A server that listens on a local port. */
export interface Listening {
  /** The origin, without a slash at the end. */
  readonly url: string
  /** Cuts every connection. */
  close(): Promise<void>
}

export type FetchHandler = (request: Request) => Promise<Response>

/** Serves a handler on 127.0.0.1; where the handler rejects, the connection is reset. */
export async function listen(handler: FetchHandler, port = 0): Promise<Listening> {
  // Imported here so that the rest of the package loads without node:http.
  const { createServer } = await import('node:http')
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, outgoing) => {
    serve(handler, `http://127.0.0.1:${incoming.socket.localPort}`, incoming, outgoing).catch(() =>
      incoming.socket.resetAndDestroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Cannot listen on 127.0.0.1')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function serve(
  handler: FetchHandler,
  origin: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  const closed = new Promise<void>((resolve) => outgoing.once('close', resolve))
  outgoing.once('close', () => gone.abort())
  const response = await handler(await toRequest(incoming, origin, gone.signal))
  // Otherwise Node adds the machine's time, where a test wants another date or none.
  outgoing.sendDate = false
  outgoing.writeHead(response.status, [...response.headers].flat())
  outgoing.flushHeaders()
  for await (const chunk of response.body ?? []) {
    if (!outgoing.write(chunk)) await Promise.race([closed, drained(outgoing)])
    if (gone.signal.aborted) return
  }
  outgoing.end()
}

async function toRequest(incoming: IncomingMessage, origin: string, signal: AbortSignal): Promise<Request> {
  const headers = new Headers()
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '')
  }
  const method = incoming.method ?? 'GET'
  const body = method === 'GET' || method === 'HEAD' ? null : await textOf(incoming)
  return new Request(origin + incoming.url, { method, headers, body, signal, redirect: 'manual' })
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  incoming.setEncoding('utf8')
  let text = ''
  for await (const chunk of incoming) text += chunk
  return text
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => outgoing.once('drain', resolve))
}
