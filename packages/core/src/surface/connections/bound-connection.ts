import type { CredentialSource } from '../../handlers/calls/token-fetch.ts'
import { createCredential } from '../../mechanisms/calls/bearer-credential.ts'
import { withMutableHeaders } from '../../mechanisms/calls/with-headers.ts'
import type { ConnectionRef } from '../../mechanisms/connections/connection-store.ts'
import {
  type ConnectionTokenResult,
  requestConnectionToken,
} from '../../mechanisms/connections/connection-tokens.ts'
import { fingerprint } from '../../mechanisms/runtime/digest.ts'
import { missingScope } from '../../model/connection-record.ts'
import { tokenKey, type TokenParameters } from '../../model/token-parameters.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { omitUndefined } from '../../rules/members.ts'
import { safeReturnTo } from '../../rules/sign-in/return-to.ts'
import { EvertokenError, SignInRequiredError } from '../../vocabulary/index.ts'
import { accessTokenOf } from '../access-tokens.ts'
import { unlessAborted } from '../bound-session.ts'
import { connectTokenFetch } from '../bound-token-fetch.ts'
import { type CallDemand, readCall } from '../call-options.ts'
import { type Checked, checkAll, invalid, must, type OptionTable } from '../checks.ts'
import { malformed, readGivenGrant } from '../given-grant.ts'
import { checkTokenFetchOptions } from '../token-fetch-options.ts'
import { TOKEN_PARAMETERS } from '../token-parameter-checks.ts'
import type { ConnectionApplication } from './connection-application.ts'
import { checkConnection } from './connection-names.ts'
import { withConnectionParts } from './connection-parts.ts'
import { stateOf } from './connection-state.ts'
import type { Connection, ConnectOptions } from './connection-types.ts'
import type { ProviderClient } from './provider-client.ts'
import type { LookUp } from './resolver-host.ts'

type TokenResult = ConnectionTokenResult<ProviderClient>
type FoundToken = Extract<TokenResult, { readonly kind: 'token' }>

interface Demand extends CallDemand {
  readonly key: string
  readonly parameters: TokenParameters
}

/**
 * Creates the functions of one connection. It makes no request.
 *
 * @throws {ConfigurationError} If the owner is empty, or there is no such provider.
 */
export function createBoundConnection<Name extends string>(
  application: ConnectionApplication,
  owner: string,
  name: Name,
  keepAlive: KeepAlive,
): Connection<Name> {
  const { host, values, clients, store, refreshIndex, changes, listener, routePrefix } = application
  const { provider, context } = checkConnection(owner, name, values.providers)
  const { markBroken } = changes
  const findClient = (clientId: string) => clients.clientFor(provider, context, undefined, clientId)
  const handleOptions = { store, clock: host.clock, listener, refreshIndex, markBroken, findClient }
  let ref: ConnectionRef | undefined

  const refOf = async () => (ref ??= await store.refOf({ owner, name }))
  async function clientOf(lookUp?: LookUp) {
    try {
      return await clients.clientFor(provider, context, lookUp)
    } catch (error) {
      // The function of the application knows the provider only after the owner has connected.
      throw error instanceof SignInRequiredError ? ownerMustAct({ code: 'not_connected' }) : error
    }
  }

  async function findToken(demand: Demand): Promise<FoundToken> {
    demand.signal?.throwIfAborted()
    const client = await clientOf()
    const { key, parameters: request, rejected, forceRefresh, minValiditySeconds, signal } = demand
    // Each member by its name, because a spread costs more than the other work of a call.
    const call = { key, request, rejected, forceRefresh, minValiditySeconds, keepAlive }
    const connection = await refOf()
    const work = requestConnectionToken(connection, client, call, handleOptions)
    const result = await (signal ? unlessAborted(work, signal) : work).catch((error: unknown) => {
      if (error instanceof EvertokenError) {
        host.emit({ type: 'token_unavailable', session: fingerprint(connection.key), code: error.code })
        // The function of the application can register the client again.
        if (error.code === 'client_rejected') clients.forget(provider, context)
      }
      throw error
    })
    if (result.kind === 'sign_in') throw ownerMustAct(result)
    return result
  }

  const credentialOf = ({ token, snapshot, client }: FoundToken) =>
    createCredential(token, snapshot.record.ledger.proofKey, client.server.binding)

  async function readRecord() {
    const held = await store.read(await refOf())
    if (held && !held.record) throw held.error
    return held?.record.ended ? undefined : held?.record
  }

  function connectUrl(options: ConnectOptions = {}): string {
    const { returnTo, scope } = checkAll<ConnectValues>(CONNECT_OPTIONS, options)
    const query = new URLSearchParams(omitUndefined({ scope, returnTo }))
    const path = `${routePrefix}/${encodeURIComponent(name)}/connect`
    return query.size > 0 ? `${path}?${query}` : path
  }

  function ownerMustAct({
    code,
    missingScope: scope,
  }: Omit<Extract<TokenResult, { readonly kind: 'sign_in' }>, 'kind'>): SignInRequiredError {
    // A label can be a URL, and its query can contain a key.
    const shownName = name.replace(/\?.*/s, '')
    const url = connectUrl(scope === undefined ? {} : { scope })
    return new SignInRequiredError(code, MESSAGES[code](shownName), { url, missingScope: scope })
  }

  const connection: Connection<Name> = {
    owner,
    name,
    connectUrl,
    async getAccessToken(options = {}) {
      const [parameters, demand] = readCall(options)
      try {
        const found = await findToken({ ...demand, key: tokenKey(parameters), parameters })
        const time = found.time ?? found.client.serverClock.read()
        return accessTokenOf(found.token, time, credentialOf(found))
      } catch (error) {
        if (error instanceof SignInRequiredError) return undefined
        throw error
      }
    },
    createTokenFetch(options) {
      if ('token' in Object(options))
        throw invalid('token', 'must be absent, because the connection has the token')
      const checked = checkTokenFetchOptions(options)
      const { minValiditySeconds } = checked
      const createSource = (parameters: TokenParameters): CredentialSource => {
        const key = tokenKey(parameters)
        return async ({ rejected, signal }) =>
          credentialOf(
            await findToken({ key, parameters, rejected: rejected?.token, signal, minValiditySeconds }),
          )
      }
      return connectTokenFetch(checked, createSource, withMutableHeaders)
    },
    async getState() {
      return stateOf(await readRecord(), clients, host.clock.now())
    },
    async missingScope(scope) {
      const record = await readRecord()
      return missingScope(scope, record ? record.ledger.scope : '')
    },
    async save(tokenResponse, options = {}) {
      const client = await clientOf({})
      const grant = await readGivenGrant(client, tokenResponse, options, PURPOSE)
      if (!grant.accessToken && grant.refreshToken === undefined) throw malformed(PURPOSE)
      await changes.connect(await refOf(), client.server.registration, grant, keepAlive)
    },
    disconnect: async () =>
      changes.disconnect(await refOf(), async () => (await clientOf()).server, keepAlive),
  }
  return withConnectionParts(connection, { application, keepAlive })
}

const PURPOSE = 'save the connection'

/** Judges the path as a browser does, which ignores tabs. The origin does not matter. */
function isLocalPath(value: unknown): boolean {
  return String(value).startsWith('/') && safeReturnTo(String(value), 'https://app.example', '') !== ''
}

type ConnectValues = Checked<ConnectOptions, keyof ConnectOptions>

const CONNECT_OPTIONS: OptionTable<ConnectValues> = {
  returnTo: [must('be a path of this application', isLocalPath)],
  scope: TOKEN_PARAMETERS.scope,
}

const MESSAGES = {
  not_connected: (name: string) =>
    `The owner has not connected \`${name}\`. Open \`url\` in the browser of the owner.`,
  needs_reauthorization: (name: string) =>
    `The grant of \`${name}\` no longer works. Open \`url\` in the browser of the owner.`,
  scope_missing: (name: string) =>
    `The owner of \`${name}\` has not granted \`missingScope\`. Open \`url\` in the browser of the owner.`,
} as const
