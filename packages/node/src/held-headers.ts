import { AsyncResource } from 'node:async_hooks'
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

type Method = (...args: readonly unknown[]) => unknown
type Head = readonly [status: number, ...rest: readonly unknown[]]

const HEADER_METHODS = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader'] as const
const METHODS = [...HEADER_METHODS, 'writeHead', 'flushHeaders', 'write', 'end'] as const

/**
 * Holds the output of a handler until `release`. A handler might keep a reference to `response.end` for later, and
 * other middleware might have wrapped it. Therefore, the replacements stay and forward calls after the release.
 */
export function holdHeaders(response: ServerResponse): HeldHeaders {
  const methods = methodsOf(response)
  const { promise: ready, resolve } = withResolver<Response>()
  const shown: (() => void)[] = []
  let calls: (() => unknown)[] = []
  let status: number | undefined
  let isReleased = false
  let isEnded = false
  let drain: (() => unknown) | undefined

  /** The call keeps its async context, because its callback and its events run in that context. */
  function hold(call: () => unknown): void {
    calls.push(AsyncResource.bind(call))
    if (calls.length > 1) return
    status = response.statusCode
    shown.push(show(response, 'headersSent', true), show(response, '_header', 'held'))
    resolve(stateOf(response))
  }

  const held: Partial<Record<(typeof METHODS)[number], Method>> = {
    writeHead(...args) {
      if (calls.length > 0) throw headersSent(response)
      applyHead(response, args as unknown as Head)
      hold(() => methods.writeHead?.(response.statusCode))
      return response
    },
    flushHeaders: () => hold(() => methods.flushHeaders?.()),
    write(...args) {
      if (isEnded) return reportEnded(response, args)
      hold(() => methods.write?.(...args))
      drain = AsyncResource.bind(() => response.emit('drain'))
      return false
    },
    end(...args) {
      const hasChunk = Boolean(args[0]) && typeof args[0] !== 'function'
      if (isEnded && hasChunk) reportEnded(response, args)
      else hold(() => methods.end?.(...args))
      if (!isEnded) shown.push(show(response, 'writableEnded', true))
      isEnded = true
      return response
    },
  }
  for (const name of HEADER_METHODS) {
    held[name] = (...args) => {
      if (calls.length > 0) throw headersSent(response)
      return methods[name]?.(...args)
    }
  }
  for (const [name, method] of Object.entries(methods)) {
    const value: Method = (...args) => (isReleased ? method : held[name as keyof typeof held])?.(...args)
    Object.defineProperty(response, name, { configurable: true, writable: true, value })
  }
  // A handler that never responds must not keep the request in progress.
  response.once('close', () => {
    if (!isReleased && calls.length === 0) resolve(stateOf(response))
  })

  function stop(): (() => unknown)[] {
    isReleased = true
    for (const hide of shown.splice(0)) hide()
    const sent = calls
    calls = []
    return sent
  }

  return {
    ready,
    release(headers) {
      const sent = stop()
      if (!response.headersSent) applyHeaders(response, headers)
      // A handler can change the status after it has sent the headers, which has no effect.
      response.statusCode = status ?? response.statusCode
      const results = sent.map((call) => call())
      if (!isEnded && results.at(-1) !== false) drain?.()
    },
    drop: () => void stop(),
  }
}

/** Another runtime or HTTP/2 might have fewer methods. */
function methodsOf(response: ServerResponse): Partial<Record<(typeof METHODS)[number], Method>> {
  const found = METHODS.filter((name) => typeof response[name] === 'function')
  return Object.fromEntries(found.map((name) => [name, (response[name] as Method).bind(response)]))
}

/**
 * Makes a property of the response show another value. Middleware such as `compression` 1.7 reads `_header` to find out
 * whether the headers are sent.
 *
 * @returns A function that restores the property.
 */
function show(response: ServerResponse, name: string, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(response, name)
  Object.defineProperty(response, name, { configurable: true, get: () => value })
  return () => {
    Reflect.deleteProperty(response, name)
    if (own) Object.defineProperty(response, name, own)
  }
}

/** The same error as from Node. A handler that sends its headers twice must find its mistake. */
function headersSent(response: ServerResponse): Error {
  if ('stream' in response) return errorOf('ERR_HTTP2_HEADERS_SENT', 'Response has already been initiated.')
  return errorOf('ERR_HTTP_HEADERS_SENT', 'Cannot change headers after they are sent to the client')
}

/**
 * Reports a write after the end, as Node does. Without a listener, Node would end the process, but only if the response is
 * not finished yet. A held response finishes later than usual, so the process must not end here.
 */
function reportEnded(response: ServerResponse, args: readonly unknown[]): false {
  const error = errorOf('ERR_STREAM_WRITE_AFTER_END', 'write after end')
  process.nextTick(() => {
    const callback = args.find((each) => typeof each === 'function') as Method | undefined
    callback?.(error)
    if (response.listenerCount('error') > 0) response.emit('error', error)
  })
  return false
}

function errorOf(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
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
    // HTTP/2 lists the status as a header.
    if (name.startsWith(':')) continue
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
