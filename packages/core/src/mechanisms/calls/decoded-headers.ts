import { headersOfDecodedBody } from '../../rules/calls/headers.ts'
import { copyMark, ownBody, OWNS_BODY } from './fetched-responses.ts'
import {
  hasMutableHeaders,
  isUnchanged,
  withHeaders,
  withMutableHeaders,
  withOrigin,
} from './with-headers.ts'

/**
 * Returns the response of an API with headers that can be changed, and that fit the body that `fetch` has decoded.
 *
 * @param response - The response of a `fetch`.
 * @returns The same response, or a copy that uses its body.
 * @example
 *   const response = withDecodedHeaders(await fetch('https://api.example.com/orders'))
 */
export function withDecodedHeaders(response: Response): Response {
  const headers = headersOfDecodedBody(response.headers)
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
  if (hasMutableHeaders(response) || !isUnchanged(response)) return withDecodedHeaders(response)
  return Object.setPrototypeOf(response, MEMBERS) as Response
}

/** Replaces members of `Response.prototype`. */
const MEMBERS: object = Object.create(Response.prototype, {
  [OWNS_BODY]: { value: true },
  headers: {
    get(this: Response) {
      const original = Reflect.get(Response.prototype, 'headers', this)
      const value = new Headers(headersOfDecodedBody(original))
      Object.defineProperty(this, 'headers', { value })
      return value
    },
  },
  body: {
    get(this: Response) {
      return ownBody(this, Reflect.get(Response.prototype, 'body', this))
    },
  },
  clone: {
    value(this: Response) {
      const clone = decodeHeadersInPlace(Response.prototype.clone.call(this))
      Object.defineProperty(clone, 'headers', { value: new Headers(this.headers) })
      return copyMark(this, clone)
    },
  },
})
