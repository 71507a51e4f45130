import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Evertoken, KeepAlive } from '@evertoken/core'
import { createRequest } from '@remix-run/node-fetch-server'
import { type HeldHeaders, holdHeaders } from './held-headers.ts'
import { createReadRequests, isBodyRead, withoutBody } from './read-body.ts'
import { refusalOf } from './refusal.ts'
import { keepSessions } from './request-context.ts'

/** The part of `evertoken()` that the middleware of a framework uses. */
export type RequestHandling = Pick<Evertoken, 'handle'>

/** One request of a framework whose handlers take the message and the response of Node. */
export interface ClassicRequest {
  /** Returns the response to a route of connections. */
  readonly routeOf: (request: Request, keepAlive?: KeepAlive) => Promise<Response> | undefined
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly keepAlive: KeepAlive | undefined
  /** Runs the handlers of the application. */
  proceed(): void
}

/**
 * Runs the handlers of the application with the session of the request, and adds its cookies before the headers are sent.
 *
 * @returns The response, if the request was for a route of Evertoken. `undefined` if the application has responded.
 */
export async function handleClassic(
  auth: RequestHandling,
  { incoming, response, routeOf, keepAlive, proceed }: ClassicRequest,
): Promise<Response | undefined> {
  const refusal = refusalOf(incoming)
  if (refusal !== undefined) return new Response(null, { status: refusal })
  let held: HeldHeaders | undefined
  const request = createClassicRequest(incoming, response)
  try {
    const result = await auth.handle(
      request,
      () => {
        const ownResponse = routeOf(request, keepAlive)
        if (ownResponse) return ownResponse
        held = holdHeaders(response)
        keepSessions(incoming)
        keepSessions(response)
        proceed()
        return held.ready
      },
      keepAlive,
    )
    if (!held) return result
    held.release(result.headers)
  } catch (error) {
    held?.drop()
    throw error
  }
  return undefined
}

/** Makes a request that reads the message only when its own body is read, so that the application can read it otherwise. */
function createClassicRequest(incoming: IncomingMessage, response: ServerResponse): Request {
  const { method = 'GET' } = incoming
  const bare = createRequest(withoutBody(incoming, pathOf(incoming)), response)
  const { url, headers, signal } = bare
  if (/^(?:GET|HEAD)$/i.test(method)) return new Request(url, { method, headers, signal })
  if (isBodyRead(incoming)) return createReadRequests(incoming, bare).forRoutes
  const init = { method, headers, signal, body: lazyBody(incoming), duplex: 'half' }
  return new Request(url, init)
}

/** Express removes the path of a mount from `url`. */
function pathOf(incoming: IncomingMessage): string {
  const { originalUrl, url = '/' } = incoming as IncomingMessage & { readonly originalUrl?: unknown }
  return typeof originalUrl === 'string' ? originalUrl : url
}

function lazyBody(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Buffer> | undefined
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      chunks ??= incoming.iterator({ destroyOnReturn: false })
      const { done = false, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(new Uint8Array(value as Buffer))
    },
    /** Node reads the rest of a body that was never read, but not the rest of this one. */
    async cancel() {
      await chunks?.return?.()
      incoming.resume()
    },
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}
