import type { IdleRefreshes } from '../../mechanisms/connections/refresh-idle.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { invalid } from '../checks.ts'
import type { Drainable } from '../drain.ts'
import { createBoundConnection, createCurrentConnection } from './bound-connection.ts'
import { createConnectionRoutes } from './connection-routes.ts'
import { type ConnectionApplication, createConnectionApplication } from './connection-application.ts'
import type { ConnectionsRuntime } from './connection-host.ts'
import { disconnectAll, listConnections } from './connections-of-owner.ts'
import type {
  Connection,
  CurrentConnection,
  DisconnectedConnection,
  ListedConnection,
} from './connection-types.ts'
import type { ConnectionsOptions } from './connections-options.ts'
import { createCurrentOwnerFinder } from './find-owner.ts'
import { idleGrantsMechanismOf, type KeepAliveOptions } from './keep-alive-value.ts'
import type { ConnectionName, ConnectionProviders } from './provider-options.ts'

/** The connections of all owners. */
export interface Connections<Provider extends string = string> extends Drainable {
  /**
   * Returns the connection of an owner. It makes no request and does not read the store.
   *
   * @param owner - Whose connection it is: the ID of a user, a tenant or a workspace. Pass only an ID that you have verified.
   * @param name - The name of a provider, or `provider:label` for one of several accounts.
   * @throws {ConfigurationError} If the owner is empty, or the provider does not exist.
   * @example
   *   const work = connections.get(userId, 'google:work')
   *   const token = await work.getAccessToken()
   */
  get<Name extends ConnectionName<Provider>>(owner: string, name: Name): Connection<Name>
  /**
   * Returns the connection of the user whose request is handled. Its owner is the claim `sub` of the session, or the result of
   * the option `owner`.
   *
   * Each of its functions finds the owner when it is called, and rejects with `no_current_session` if no request is being handled.
   * If no user is signed in, the state is `not_connected`, `getAccessToken` returns `undefined`, and changes reject with
   * `no_session`.
   *
   * @param name - The name of a provider, or `provider:label` for one of several accounts.
   * @throws {ConfigurationError} If the option `auth` is missing, or the provider does not exist.
   * @example
   *   const calendar = connections.current('google')
   *   const token = await calendar.getAccessToken()
   */
  current<Name extends ConnectionName<Provider>>(name: Name): CurrentConnection<Name>
  /**
   * Handles the routes of connections: `GET /connections/<name>/connect`, `GET /connections/callback/<provider>`,
   * `POST /connections/<name>/disconnect`, and `GET /connections` for the states as JSON.
   *
   * They need `auth` or the option `owner`, except the first two of a provider with `ownerFrom`.
   *
   * @param request - A request of a browser.
   * @param keepAlive - Keeps background work alive after the response. Default: the function of the runtime.
   * @returns The response, or `undefined` if the request is for the application.
   * @example
   *   const response = await (connections.route(request) ?? application(request))
   * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1 RFC 6749, section 4.1: Authorization Code Grant}
   */
  route(request: Request, keepAlive?: KeepAlive): Promise<Response> | undefined
  /**
   * Lists the connections of an owner, sorted by name, as plain data without tokens. Use it for a settings page, and to export
   * the data of a user.
   *
   * @param owner - Whose connections are listed.
   * @throws {ConfigurationError} If the store has no index.
   * @throws {OperatorError} If the store fails, or a record cannot be read.
   * @example
   *   for (const { name, state } of await connections.list(userId)) console.log(name, state)
   */
  list(owner: string): Promise<readonly ListedConnection<ConnectionName<Provider>>[]>
  /**
   * Removes all connections of an owner, and revokes their grants, for example when an account is deleted.
   *
   * @param owner - Whose connections are removed.
   * @returns The outcome of each revocation. After `failed`, another call tries again, for a day.
   * @throws {ConfigurationError} If the store has no index.
   * @throws {OperatorError} If the store fails. Calling again continues.
   * @example
   *   const outcomes = await connections.disconnectAll(userId)
   *   const isComplete = outcomes.every(({ outcome }) => outcome !== 'failed')
   * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009, section 2: Token Revocation}
   */
  disconnectAll(owner: string): Promise<readonly DisconnectedConnection<ConnectionName<Provider>>[]>
  /**
   * Refreshes the grants that were not refreshed for long, because many providers end a refresh token that is not used. Call it in a
   * cron job.
   *
   * A grant that another process has refreshed since then is skipped. Several runs can overlap.
   *
   * @param options - Which grants are refreshed, how fast, and what ends the run early.
   * @returns How many grants were refreshed. If `isComplete` is `false`, the next run continues.
   * @throws {ConfigurationError} If the option `keepAlive` of `createConnections` is missing, or an option is invalid.
   * @throws {OperatorError} If the store fails. The next run continues.
   * @example
   *   const signal = AbortSignal.timeout(50_000)
   *   const counts = await connections.keepAlive({ olderThanSeconds: 30 * 86_400, signal })
   * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 RFC 9700, section 4.14.2: Refresh Token Protection}
   */
  keepAlive(options: KeepAliveOptions): Promise<IdleRefreshes>
}

/**
 * Creates the connections of an application. Applications call `createConnections` of the package for their runtime instead.
 *
 * @param options - The providers, and the application that signs users in, or the store and its secret.
 * @param runtime - The functions that the adapter provides.
 * @throws {ConfigurationError} If an option is missing, unknown or invalid.
 * @example
 *   const runtime = { flights: createFlights(), keepAlive() {} }
 *   const providers = { google: { issuer, clientId, clientSecret } }
 *   const connections = createConnections({ encryptionSecret, store, providers }, runtime)
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6: Refreshing an Access Token}
 */
export function createConnections<const Providers extends ConnectionProviders>(
  options: ConnectionsOptions<Providers>,
  runtime: ConnectionsRuntime,
): Connections<keyof Providers & string> {
  return connectConnections(createConnectionApplication(options, runtime))
}

/**
 * Creates the functions of connections. Adapters call it if each invocation has its own `keepAlive`.
 *
 * @param application - The result of `createConnectionApplication`.
 * @param given - Keeps the work of the calls alive. Default: the function of the runtime.
 * @example
 *   const settings = { encryptionSecret, store, providers: { google: { issuer, clientId, clientSecret } } }
 *   const application = createConnectionApplication(settings, runtime)
 *   const connections = connectConnections(application, (work) => context.waitUntil(work))
 */
export function connectConnections(application: ConnectionApplication, given?: KeepAlive): Connections {
  const { host, values } = application
  const { work } = host
  const keepAlive = given ? work.tracking(given) : host.keepAlive
  const routes = createConnectionRoutes(application)
  return {
    get: (owner, name) => createBoundConnection(application, owner, name, keepAlive),
    current: (name) =>
      createCurrentConnection(application, name, keepAlive, createCurrentOwnerFinder(host, values)),
    route: (request, own) => routes(request, own ? work.tracking(own) : keepAlive),
    list: (owner) => listConnections(application, owner),
    disconnectAll: (owner) => disconnectAll(application, owner, keepAlive),
    async keepAlive(options) {
      const idle = idleGrantsMechanismOf(values.keepAlive)
      if (!idle)
        throw invalid('keepAlive', 'is missing. Set it to `keepAlive()` of `@evertoken/core/keep-alive`')
      return work.track(idle.run(application, options, keepAlive))
    },
    drain: work.drain,
    [Symbol.asyncDispose]: work[Symbol.asyncDispose],
  }
}
