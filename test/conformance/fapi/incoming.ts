import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'

/** A request to the provider. */
export interface Incoming {
  readonly method: string
  /** The URL as the client used it. */
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
  /** The fingerprint of the client certificate, if there is one. */
  readonly certificate: string | undefined
}

/** A response of the provider. An object is sent as JSON. */
export interface Outgoing {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

/** @param origin - The origin of the socket on which the request arrived. */
export async function readRequest(message: IncomingMessage, origin: string): Promise<Incoming> {
  const chunks = (await message.toArray()) as Buffer[]
  const { method = '', url = '', headers, socket } = message
  return {
    method,
    url: new URL(url, origin),
    headers,
    form: new URLSearchParams(Buffer.concat(chunks).toString()),
    certificate: (socket as TLSSocket).getPeerX509Certificate?.()?.fingerprint256,
  }
}

export function send(response: ServerResponse, { status, headers = {}, body }: Outgoing): void {
  const type = body && { 'content-type': 'application/json' }
  response.writeHead(status, { ...type, ...headers }).end(body && JSON.stringify(body))
}
