import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigurationError } from '@evertoken/core'

type Body = string | Uint8Array<ArrayBuffer> | URLSearchParams

/** The members that body parsers and serverless platforms add. */
interface ParsedMessage extends IncomingMessage {
  readonly body?: unknown
  readonly rawBody?: unknown
}

/** Returns whether another function has read the body, so that no part of it arrives again. */
export function isBodyRead({ method = '', readableDidRead, readableEnded }: IncomingMessage): boolean {
  return !/^(?:GET|HEAD)$/i.test(method) && (readableDidRead || readableEnded)
}

/** Makes `createRequestListener` ignore the body. It would wait for the rest of a body that was read. */
export function withoutBody(incoming: IncomingMessage, url: string = incoming.url ?? '/'): IncomingMessage {
  return Object.create(incoming, { method: { value: 'GET' }, url: { value: url } }) as IncomingMessage
}

/** Reads the rest of a body after the response. The next request of the connection would wait behind an unread rest. */
export function discardUnread(
  incoming: IncomingMessage,
  response: ServerResponse,
  body: ReadableStream | null,
): void {
  response.once('finish', () => {
    if (body?.locked === false) body.cancel().catch(() => undefined)
    incoming.resume()
  })
}

/** The two requests for a message whose body was read. */
export interface ReadRequests {
  /** For the routes of the library, which accept a form that another function has parsed. */
  readonly forRoutes: Request
  /** For the application. A parsed body can differ from the sent one, so it gets no such body. */
  readonly forApplication: Request
}

export function createReadRequests(
  incoming: IncomingMessage,
  { url, headers, signal }: Request,
): ReadRequests {
  const { method = 'POST' } = incoming
  const sent = sentBody(incoming)
  const create = (body: Body | undefined): Request => {
    const init = { method, headers, signal, body: body ?? unreadable(), duplex: 'half' }
    return new Request(url, init)
  }
  return { forRoutes: create(sent ?? parsedForm(incoming)), forApplication: create(sent) }
}

/** The body as the client sent it, if it is known. */
function sentBody({ readableDidRead, rawBody, body }: ParsedMessage): Body | undefined {
  if (!readableDidRead) return ''
  return [rawBody, body].find((each) => typeof each === 'string' || each instanceof Uint8Array) as Body
}

function parsedForm({ headers, body }: ParsedMessage): Body | undefined {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')
  if (!isForm || typeof body !== 'object' || body === null) return undefined
  const fields = Object.entries(body).flatMap(([name, value]) => [value].flat().map((each) => [name, each]))
  if (!fields.every(([, value]) => typeof value === 'string')) return undefined
  return new URLSearchParams(fields as [string, string][])
}

/** Fails as soon as it is read. A body that never arrives would let the request hang. */
function unreadable(): ReadableStream {
  return new ReadableStream({ pull: (controller) => controller.error(bodyUsed()) }, { highWaterMark: 0 })
}

function bodyUsed(): ConfigurationError {
  const message =
    'The body of the request was read before it reached Evertoken. Register Evertoken before the body parser, such as ' +
    '`express.json()`.'
  return new ConfigurationError('request_body_used', message)
}
