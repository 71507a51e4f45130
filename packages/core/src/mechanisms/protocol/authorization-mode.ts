import type { AuthorizationServer } from 'oauth4webapi'
import type { AuthorizationRequestMode, ResponseMode } from '../../ports/authorization-mode.ts'
import { withQuery } from '../../rules/sign-in/end-session-url.ts'
import type { Connection } from './connection.ts'
import type { TokenSignatures } from './token-signatures.ts'

/** The server and the client of an authorization request. */
export interface AuthorizationContext {
  readonly metadata: AuthorizationServer
  readonly connection: Connection
  readonly signatures: TokenSignatures
}

/** Converts the URL of a request to the one that the browser opens, or parameters of a response to those of RFC 6749. */
export type Conversion<Value> = (value: Value, context: AuthorizationContext) => Promise<Value>

/** The key of the function of a value. It is a global symbol, because a bundler can load this module twice. */
const CONVERT: unique symbol = Symbol.for('evertoken.authorizationMode.1') as never

/** Creates a value for the option `authorizationRequest`. */
export function createRequestMode(mode: string, convert: Conversion<URL>): AuthorizationRequestMode {
  return Object.freeze(Object.defineProperty({ mode }, CONVERT, { value: convert })) as never
}

/**
 * Creates a value for the option `responseMode`.
 *
 * @param algorithm - The only accepted signature algorithm. A security profile checks it.
 */
export function createResponseMode(
  mode: ResponseMode['mode'],
  algorithm: string | undefined,
  convert: Conversion<URLSearchParams>,
): ResponseMode {
  return Object.freeze(Object.defineProperty({ mode, algorithm }, CONVERT, { value: convert })) as never
}

/** Returns the function of a value. `undefined` for any other value. */
export function conversionOf<Value>(mode: unknown): Conversion<Value> | undefined {
  return (Object(mode) as { readonly [CONVERT]?: Conversion<Value> })[CONVERT]
}

/** Returns the parameters of a request, without those that the endpoint itself has. */
export function requestParameters(url: URL, { metadata }: AuthorizationContext): URLSearchParams {
  const parameters = new URLSearchParams(url.searchParams)
  const { searchParams: own } = new URL(metadata.authorization_endpoint ?? '')
  for (const [name, value] of own) parameters.delete(name, value)
  return parameters
}

/** Returns the URL that the browser opens for a converted request. */
export function requestUrl(
  parameters: Readonly<Record<string, string>>,
  { metadata, connection }: AuthorizationContext,
): URL {
  const { client_id } = connection.client
  return withQuery(metadata.authorization_endpoint ?? '', { client_id, ...parameters })
}
