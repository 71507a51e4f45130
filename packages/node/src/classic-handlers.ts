import { AsyncResource } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Evertoken, KeepAlive } from '@evertoken/core'
import { createRequest } from '@remix-run/node-fetch-server'
import { type HeldHeaders, holdHeaders } from './held-headers.ts'
import { createReadRequests, isBodyRead, withoutBody } from './read-body.ts'
import { refusalOf } from './refusal.ts'

/** The part of `evertoken()` that the middleware of a framework uses. */
export type RequestHandling = Pick<Evertoken, 'handle'>

/** One request of a framework whose handlers take the message and the response of Node. */
export interface ClassicRequest {
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
  { incoming, response, keepAlive, proceed }: ClassicRequest,
): Promise<Response | undefined> {
  const refusal = refusalOf(incoming)
  if (refusal !== undefined) return new Response(null, { status: refusal })
  let held: HeldHeaders | undefined
  try {
    const result = await auth.handle(
      createClassicRequest(incoming, response),
      () => {
        held = holdHeaders(response)
        keepContext(incoming)
        keepContext(response)
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

/**
 * Makes the listeners of an object run in the current async context. Node emits the events of a message in the context of
 * its connection, so a body parser that reads them would lose the session.
 */
function keepContext(emitter: EventEmitter): void {
  emitter.emit = AsyncResource.bind(emitter.emit.bind(emitter))
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
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}
