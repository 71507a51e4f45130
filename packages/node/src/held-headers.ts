import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** A response of a classic handler. Its headers wait until the cookies of the session are known. */
export interface HeldHeaders {
  /** Resolves to the status and the headers as soon as the handler sends them, or when the connection is closed. */
  readonly ready: Promise<Response>
  /** Sends everything that was held, with these headers. */
  release(headers: Headers): void
  /** Forgets everything that was held, so that the error handling of the framework can respond. */
  drop(): void
}

type Head = readonly [status: number, ...rest: readonly unknown[]]

/**
 * Holds what a handler sends until `release`. A handler might keep a reference to `response.end` for later, and other
 * middleware might have wrapped it, so the replacements stay and forward from then on.
 */
export function holdHeaders(response: ServerResponse): HeldHeaders {
  const methods = {
    writeHead: response.writeHead.bind(response) as (...args: readonly unknown[]) => unknown,
    flushHeaders: response.flushHeaders.bind(response),
    write: response.write.bind(response) as (...args: readonly unknown[]) => unknown,
    end: response.end.bind(response) as (...args: readonly unknown[]) => unknown,
  }
  const { promise: ready, resolve } = withResolver<Response>()
  let calls: (() => unknown)[] = []
  let isReleased = false
  let isEnded = false
  let mustDrain = false

  function hold(call: () => unknown): void {
    calls.push(call)
    if (calls.length > 1) return
    Object.defineProperty(response, 'headersSent', { configurable: true, get: () => true })
    resolve(stateOf(response))
  }

  const held = {
    writeHead(...args: Head) {
      if (calls.length > 0) throw headersSent()
      applyHead(response, args)
      // The next write sends the head, but the cookies must be known by then.
      hold(() => undefined)
      return response
    },
    flushHeaders: () => hold(() => methods.flushHeaders()),
    write(...args: readonly unknown[]) {
      hold(() => methods.write(...args))
      mustDrain = true
      return false
    },
    end(...args: readonly unknown[]) {
      hold(() => methods.end(...args))
      isEnded = true
      Object.defineProperty(response, 'writableEnded', { configurable: true, get: () => true })
      return response
    },
  }
  for (const name of ['writeHead', 'flushHeaders', 'write', 'end'] as const) {
    const value = (...args: readonly unknown[]) => (isReleased ? methods : held)[name](...(args as Head))
    Object.defineProperty(response, name, { configurable: true, writable: true, value })
  }
  // A handler that never responds must not keep the request in progress.
  response.once('close', () => resolve(stateOf(response)))

  function stop(): (() => unknown)[] {
    isReleased = true
    Reflect.deleteProperty(response, 'headersSent')
    Reflect.deleteProperty(response, 'writableEnded')
    const sent = calls
    calls = []
    return sent
  }

  return {
    ready,
    release(headers) {
      const sent = stop()
      if (!response.headersSent) applyHeaders(response, headers)
      const results = sent.map((call) => call())
      if (mustDrain && !isEnded && results.at(-1) !== false) response.emit('drain')
    },
    drop: () => void stop(),
  }
}

/** The same error as from Node. A handler that sends its headers twice must find its mistake. */
function headersSent(): Error {
  const message = 'Cannot write headers after they are sent to the client'
  return Object.assign(new Error(message), { code: 'ERR_HTTP_HEADERS_SENT' })
}

function withResolver<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  const resolver = {} as { resolve(value: T): void }
  const promise = new Promise<T>((resolve) => Object.assign(resolver, { resolve }))
  return { promise, resolve: (value) => resolver.resolve(value) }
}

/** Sets what `writeHead` would send, so that the cookies do not replace it and it does not replace them. */
function applyHead(response: ServerResponse, [status, ...rest]: Head): void {
  response.statusCode = status
  const message = rest.find((each) => typeof each === 'string')
  if (message !== undefined) response.statusMessage = message
  const headers = rest.find((each) => typeof each === 'object' && each !== null)
  if (Array.isArray(headers)) return applyList(response, headers as unknown[])
  for (const [name, value] of Object.entries((headers ?? {}) as OutgoingHttpHeaders)) {
    if (value !== undefined) response.setHeader(name, value)
  }
}

/** A list of names and values, flat or in pairs, which can name a header several times. */
function applyList(response: ServerResponse, list: readonly unknown[]): void {
  const flat = list.flatMap((each, i) =>
    Array.isArray(list[0]) || i % 2 === 0 ? each : [each],
  ) as OutgoingHttpHeader[]
  const pairs = flat.flatMap((name, i) => (i % 2 === 0 ? [[String(name), flat[i + 1]] as const] : []))
  for (const [name] of pairs) response.removeHeader(name)
  for (const [name, value] of pairs) response.appendHeader(name, Array.isArray(value) ? value : String(value))
}

function stateOf(response: ServerResponse): Response {
  const { statusCode } = response
  const status = statusCode >= 200 && statusCode <= 599 ? statusCode : 200
  return new Response(null, { status, headers: headersOf(response) })
}

function headersOf(response: ServerResponse): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(response.getHeaders())) {
    for (const value of [values].flat()) if (value !== undefined) headers.append(name, String(value))
  }
  return headers
}

/** Changes only the headers that differ, so that all others keep their spelling. */
function applyHeaders(response: ServerResponse, headers: Headers): void {
  const before = headersOf(response)
  for (const name of new Set(before.keys())) if (!headers.has(name)) response.removeHeader(name)
  for (const [name, value] of headers) {
    if (name !== 'set-cookie' && before.get(name) !== value) response.setHeader(name, value)
  }
  const cookies = headers.getSetCookie()
  if (cookies.join('\n') !== before.getSetCookie().join('\n')) response.setHeader('set-cookie', cookies)
}
