import { connect } from '../../handlers/connections/connect.ts'
import { connectCallback } from '../../handlers/connections/connect-callback.ts'
import type { ConnectContext, ConnectProvider } from '../../handlers/connections/connect-context.ts'
import { disconnect, listRoute } from '../../handlers/connections/own-connections.ts'
import { problemFor } from '../../handlers/problem.ts'
import { createResponse } from '../../handlers/responses.ts'
import { createPendingLogins } from '../../mechanisms/sign-in/pending-logins.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { applicationPaths } from '../../rules/browser/base-path.ts'
import { hasSecureCookies } from '../../rules/browser/browser-address.ts'
import { cookieName, parseCookies } from '../../rules/sessions/cookies.ts'
import { addressOf } from '../application-address.ts'
import { createBoundConnection } from './bound-connection.ts'
import { createConnectProvider, redirectUriOf } from './connect-provider.ts'
import { findDocument, type ProviderDocument } from './resolver-host.ts'
import type { ConnectionApplication } from './connection-application.ts'
import { isLabel, splitName } from './connection-names.ts'
import { listConnections } from './connections-of-owner.ts'
import { createOwnerFinder } from './find-owner.ts'

/** Handles a request, if it is for a route of connections. */
export type ConnectionRoutes = (request: Request, keepAlive: KeepAlive) => Promise<Response> | undefined

/** A route that a path names. */
interface FoundRoute {
  readonly methods: readonly string[]
  readonly handle: (context: ConnectContext, keepAlive: KeepAlive) => Promise<Response>
}

const COOKIE_NAME = 'evertoken-connect'
/** The bytes of all cookies of attempts to connect, in addition to those of the application. */
const MAX_COOKIE_BYTES = 2000

/** Creates the routes below `routePrefix`. Without an owner, only providers whose token response names the owner have routes. */
export function createConnectionRoutes(application: ConnectionApplication): ConnectionRoutes {
  const { host, values, clients } = application
  const { clock, emit, flights, insecureHosts } = host
  const findOwner = createOwnerFinder(values)
  const callbackOptions = { usedLogins: application.usedLogins, seal: host.connectSeal, flights, clock, emit }

  function createContext(request: Request): ConnectContext {
    const { origin } = addressOf(request, host.findOrigin(), insecureHosts)
    const secure = hasSecureCookies(new URL(origin), origin, insecureHosts)
    const attributes = { secure, sameSite: 'Lax' } as const
    return {
      request,
      query: new URL(request.url).searchParams,
      origin,
      home: `${host.findBasePath()}/`,
      logins: createPendingLogins({
        seal: host.connectSeal,
        clock,
        cookies: parseCookies(request.headers.get('cookie')),
        cookieName: cookieName(COOKIE_NAME, secure),
        attributes,
        maxCookieBytes: MAX_COOKIE_BYTES,
      }),
      findOwner: async () => findOwner?.(request),
    }
  }

  const ownerFromOf = (provider: string) => clients.knownClient(provider)?.values.ownerFrom
  const isKnown = (provider: string) => Object.hasOwn(values.providers, provider)
  const canConnect = (provider: string) => isKnown(provider) && (findOwner ?? ownerFromOf(provider))

  function providerAt({ origin }: ConnectContext, name: string, keepAlive: KeepAlive): ConnectProvider {
    return createConnectProvider(application, name, redirectUriOf(application, name, origin), keepAlive)
  }

  function findRoute(path: string): FoundRoute | undefined {
    const [first = '', second, third] = path.split('/').slice(1)
    if (third !== undefined) return undefined
    if (second === undefined) return first === '' && findOwner ? LIST : undefined
    if (first === 'callback') {
      const handle = (context: ConnectContext, keepAlive: KeepAlive) =>
        connectCallback(context, providerAt(context, second, keepAlive), callbackOptions)
      // An authorization response can be posted.
      return canConnect(second) ? { methods: ['GET', 'POST'], handle } : undefined
    }
    const name = decode(first)
    const { provider, label } = splitName(name)
    if (!isKnown(provider) || !isLabel(label)) return undefined
    if (second === 'connect' && canConnect(provider))
      return {
        methods: ['GET'],
        handle: (context, keepAlive) => connect(context, name, providerAt(context, provider, keepAlive)),
      }
    if (second !== 'disconnect' || !findOwner) return undefined
    return {
      methods: ['POST'],
      handle: (context, keepAlive) =>
        disconnect(context, name, (owner) =>
          createBoundConnection(application, owner, name, keepAlive).disconnect(),
        ),
    }
  }

  function serveDocument(request: Request): Promise<Response> | undefined {
    const create = request.method === 'GET' ? findDocument(request, values.providers) : undefined
    const respond = async (document: ProviderDocument) => {
      const { origin } = addressOf(request, host.findOrigin(), insecureHosts)
      return document(values.providers, (name) => redirectUriOf(application, name, origin))
    }
    return create && respond(create).catch(problemFor)
  }

  const LIST: FoundRoute = {
    methods: ['GET'],
    handle: (context) => listRoute(context, (owner) => listConnections(application, owner)),
  }

  return (request, keepAlive) => {
    const prefix = application.routePrefix
    const { pathname } = new URL(request.url)
    const own = applicationPaths(pathname, host.findBasePath()).map(({ path }) => path)
    const path = own.find((each) => each === prefix || each.startsWith(`${prefix}/`))
    const route = path === undefined ? undefined : findRoute(path.slice(prefix.length))
    if (!route) return serveDocument(request)
    if (!route.methods.includes(request.method))
      return Promise.resolve(createResponse(405, { allow: route.methods.join(', ') }))
    const respond = async () => route.handle(createContext(request), keepAlive)
    return host.work.track(respond().catch(problemFor))
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}
