import type { RequestListener } from 'node:http'

/** Sends the headers of a response immediately, even if its body has no data yet, such as an event stream. */
export function promptHeaders(listener: RequestListener): RequestListener {
  return (request, response) => {
    const writeHead = response.writeHead.bind(response)
    response.writeHead = (...head: unknown[]) => {
      setImmediate(() => response.writableEnded || response.flushHeaders())
      return Reflect.apply(writeHead, response, head)
    }
    listener(request, response)
  }
}
