import { headersOfDecodedBody } from '../../rules/calls/headers.ts'
import { copyMark, ownBody, OWNS_BODY } from './fetched-responses.ts'
import { isFetched, withHeaders, withMutableHeaders, withOrigin } from './with-headers.ts'

/**
 * Returns the response of an API with headers that can be changed, and that fit the body that `fetch` has decoded.
 *
 * @param response - The response of a `fetch`.
 * @returns The same response, or a copy that uses its body.
 * @example
 *   const response = withDecodedHeaders(await fetch('https://api.example.com/orders'))
 */
export function withDecodedHeaders(response: Response): Response {
  const headers = fittingHeaders(response)
  if (headers === response.headers) return withMutableHeaders(response)
  return withOrigin(withHeaders(response, headers), response)
}

/**
 * Does the same as `withDecodedHeaders` without a copy, which would cost more than all else in a token fetch. The headers
 * are copied when they are first read.
 *
 * Only for runtimes whose responses are objects of JavaScript, such as Node. Others read their own headers instead.
 *
 * @param response - The response of a `fetch`.
 * @returns The same response, if its headers are immutable.
 * @example
 *   const response = decodeHeadersInPlace(await fetch('https://api.example.com/orders'))
 */
export function decodeHeadersInPlace(response: Response): Response {
  if (!isFetched(response)) return withDecodedHeaders(response)
  // Tools replace the global `Response`. The members of one class do not work for the responses of another.
  if (!members || Object.getPrototypeOf(members) !== Response.prototype)
    members = createMembers(Response.prototype)
  return Object.setPrototypeOf(response, members) as Response
}

let members: object | undefined

/** Creates an object that replaces members of the prototype of a response. */
function createMembers(prototype: Response): object {
  const original = (response: Response) => ({
    headers: Reflect.get(prototype, 'headers', response),
    body: Reflect.get(prototype, 'body', response),
  })
  // As in the prototype, the members are enumerable, for code that copies them with `for (… in …)`.
  return Object.create(prototype, {
    [OWNS_BODY]: { value: true },
    headers: {
      enumerable: true,
      get(this: Response) {
        const value = new Headers(fittingHeaders(original(this)))
        Object.defineProperty(this, 'headers', { value })
        return value
      },
    },
    body: {
      enumerable: true,
      get(this: Response) {
        return ownBody(this, original(this).body)
      },
    },
    clone: {
      enumerable: true,
      value(this: Response) {
        const clone = decodeHeadersInPlace(prototype.clone.call(this))
        Object.defineProperty(clone, 'headers', { value: new Headers(this.headers) })
        return copyMark(this, clone)
      },
    },
  }) as object
}

/** Returns the headers that fit the body. Without a body, such as after `HEAD`, they describe that of the server. */
function fittingHeaders({ headers, body }: Pick<Response, 'headers' | 'body'>): Headers {
  return body ? headersOfDecodedBody(headers) : headers
}
