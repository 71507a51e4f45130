import type { Flights } from '../../ports/flights.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import type { Seal } from '../../mechanisms/sessions/seal.ts'
import type { GuardedStore } from '../../mechanisms/stores/guarded-store.ts'
import type { ConnectionContext, ConnectionProviders } from './provider-options.ts'

/** The parts of an application that the provider function of a package uses, such as `mcpServers()`. */
export interface ResolverHost {
  /** The store of the connections. */
  readonly store: Pick<GuardedStore, 'read' | 'swap'>
  /** Encrypts the stored notes. */
  readonly seal: Seal
  /** The clock of this process. */
  readonly clock: Clock
  /** The `fetch` for authorization servers. Default: that of the runtime. */
  readonly fetch: typeof globalThis.fetch | undefined
  /** Hosts that can use plain http. */
  readonly insecureHosts: readonly string[]
  /** The origin of the application in browsers. `undefined` if each request shows it. */
  readonly origin: string | undefined
  /** How long a server may take, in milliseconds. */
  readonly serverTimeoutMs: number
  /** Shares work among callers. */
  readonly flights: Flights
  /** Keeps work in the background alive. */
  readonly keepAlive: KeepAlive
}

/** Why a provider is looked up: the owner begins to connect, or the application stores a grant. */
export interface LookUp {
  /** The redirect URI, if the owner is at the browser. */
  readonly redirectUri?: string
}

/** The call of a provider function. */
export interface ResolverCall extends ResolverHost {
  /** The name of the provider. */
  readonly provider: string
  /** Present if the provider must be looked up now. Otherwise, the result for a known provider should need no request. */
  readonly lookUp: LookUp | undefined
  /** The client ID of the previous result, if the authorization server has refused that client. */
  readonly refusedClientId: string | undefined
  /** The client ID of the stored grant, if the previous result was another client. */
  readonly grantClientId: string | undefined
}

/** Finds a document of a provider, such as the metadata of its client. Returns `undefined` for other requests. */
export type ProviderRoute = (request: Request) => ProviderDocument | undefined

/** Creates the response with a document. */
export type ProviderDocument = (
  providers: ConnectionProviders,
  redirectUriOf: (provider: string) => string,
) => Response

/** Global symbols, because a bundler can load this module twice. */
const CALL: unique symbol = Symbol.for('evertoken.resolverCall.1') as never
const ROUTE: unique symbol = Symbol.for('evertoken.providerRoute.1') as never

/** Returns a context with the parts of the application, which nothing lists or prints. */
export function withResolverCall(context: ConnectionContext, call: ResolverCall): ConnectionContext {
  return Object.defineProperty({ ...context }, CALL, { value: call })
}

/**
 * Returns the parts of the application for which a provider function is called.
 *
 * @param context - The argument of the provider function.
 * @returns The parts, or `undefined` if the application has called the function itself.
 * @example
 *   const provider = (context: ConnectionContext) => {
 *     const redirectUri = resolverCallOf(context)?.lookUp?.redirectUri
 *     return { issuer, clientId: redirectUri ?? 'web' }
 *   }
 */
export function resolverCallOf(context: ConnectionContext): ResolverCall | undefined {
  return (context as { readonly [CALL]?: ResolverCall })[CALL]
}

/**
 * Adds a route to a provider function. The routes of connections serve it.
 *
 * @param resolver - The provider function.
 * @param route - Finds a document. It is called for each request, so it must be fast.
 * @returns The same function.
 * @example
 *   const provider = withProviderRoute(
 *     () => ({ issuer, clientId }),
 *     (request) => (request.url.endsWith('/client.json') ? () => new Response('{}') : undefined),
 *   )
 */
export function withProviderRoute<Resolver extends object>(
  resolver: Resolver,
  route: ProviderRoute,
): Resolver {
  return Object.assign(resolver, { [ROUTE]: route })
}

/** Returns the document of the first provider that has one for the request. */
export function findDocument(request: Request, providers: ConnectionProviders): ProviderDocument | undefined {
  for (const provider of Object.values(providers)) {
    const document = (provider as { readonly [ROUTE]?: ProviderRoute })[ROUTE]?.(request)
    if (document) return document
  }
  return undefined
}
