import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { type LoopbackServer, serve } from './server.ts'

export interface ApiCall {
  readonly method: string
  readonly path: string
  readonly authorization: string
  readonly body: string
}

/** A body that is sent to the resource server or received from it. */
export interface Transfer {
  bytes: number
  /** Complete, or cut off. */
  ended?: 'complete' | 'cut'
}

/** An API that requires a token, and reports its requests to the test. */
export interface ResourceServer extends LoopbackServer {
  readonly calls: ApiCall[]
  /** Tokens that the API rejects with `invalid_token` from now on. */
  readonly rejected: Set<string>
  upload: Transfer
  download: Transfer
  /** Sends the next piece of `/paced`; `undefined` ends it. */
  push(piece: string | undefined): void
  /** Lets `/stuck` read its request. */
  unstick(): void
}

const PIECE = Buffer.alloc(65_536, 'x')
/** The text of `/compressed`. */
export const COMPRESSED_TEXT: string = 'an answer that is worth it '.repeat(500)
/** More than all buffers between the two ends can hold. */
export const ENDLESS_BYTES = 256 * 1024 * 1024

export async function createResourceServer(isActive: (token: string) => boolean): Promise<ResourceServer> {
  const calls: ApiCall[] = []
  const rejected = new Set<string>()
  let paced: ServerResponse | undefined
  let stuck: IncomingMessage | undefined

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse, url: URL) => void> = {
    '/redirect'(_request, response, { searchParams }) {
      response.writeHead(Number(searchParams.get('status')), { location: searchParams.get('to') ?? '' }).end()
    },
    '/forbidden'(_request, response) {
      const challenge = 'Bearer error="insufficient_scope", scope="orders:write"'
      response.writeHead(403, { 'www-authenticate': challenge }).end('not enough')
    },
    '/upload'(request, response) {
      receive(request, api.upload)
      request.once('end', () => response.end(`received ${api.upload.bytes}`))
    },
    '/stuck'(request) {
      stuck = request
      request.once('close', () => (api.upload.ended ??= 'cut'))
    },
    '/paced'(_request, response) {
      paced = response
      response.once('close', () => (api.download.ended = response.writableFinished ? 'complete' : 'cut'))
      response.flushHeaders()
    },
    '/compressed'(_request, response, { searchParams }) {
      const body = gzipSync(COMPRESSED_TEXT)
      response.setHeader('content-encoding', 'gzip')
      if (searchParams.has('length')) response.setHeader('content-length', body.length)
      response.write(body.subarray(0, 20))
      response.end(body.subarray(20))
    },
    '/endless'(_request, response) {
      void sendEndless(response, api.download)
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://api')
    const authorization = request.headers.authorization ?? ''
    const token = authorization.replace(/^Bearer /, '')
    const call = { method: request.method ?? '', path: url.pathname + url.search, authorization }
    const route = routes[url.pathname]
    if (rejected.has(token) || !isActive(token)) {
      calls.push({ ...call, body: await text(request) })
      response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end('rejected')
    } else if (route) {
      calls.push({ ...call, body: '' })
      route(request, response, url)
    } else {
      calls.push({ ...call, body: await text(request) })
      response.end('an answer')
    }
  }

  const server = await serve((request, response) => void answer(request, response))
  const api: ResourceServer = {
    ...server,
    calls,
    rejected,
    upload: { bytes: 0 },
    download: { bytes: 0 },
    push(piece) {
      if (piece === undefined) paced?.end()
      else paced?.write(piece)
    },
    unstick() {
      if (stuck) receive(stuck, api.upload)
    },
  }
  return api
}

function receive(request: IncomingMessage, transfer: Transfer): void {
  request.on('data', (chunk: Buffer) => (transfer.bytes += chunk.byteLength))
  request.once('end', () => (transfer.ended = 'complete'))
  request.once('close', () => (transfer.ended ??= 'cut'))
}

async function sendEndless(response: ServerResponse, transfer: Transfer): Promise<void> {
  const closed = new Promise<void>((resolve) => response.once('close', resolve))
  void closed.then(() => (transfer.ended ??= 'cut'))
  while (transfer.bytes < ENDLESS_BYTES && !response.destroyed) {
    const room = response.write(PIECE)
    transfer.bytes += PIECE.byteLength
    if (!room) await Promise.race([closed, new Promise((resolve) => response.once('drain', resolve))])
  }
  if (!response.destroyed) transfer.ended = 'complete'
  response.end()
}
