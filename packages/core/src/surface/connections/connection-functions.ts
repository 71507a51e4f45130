import type { CredentialSource } from '../../handlers/calls/token-fetch.ts'
import { signInRequired } from '../../handlers/problem.ts'
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
import { splitName } from './connection-names.ts'
import { serverFinderOf } from './connections-of-owner.ts'
import { stateOf } from './connection-state.ts'
import type { ConnectOptions, CurrentConnection } from './connection-types.ts'
import type { ProviderClient } from './provider-client.ts'
import type { ConnectionContext } from './provider-options.ts'
import type { LookUp } from './resolver-host.ts'

type TokenResult = ConnectionTokenResult<ProviderClient>
type FoundToken = Extract<TokenResult, { readonly kind: 'token' }>

interface Demand extends CallDemand {
  readonly key: string
  readonly parameters: TokenParameters
}

/** The connection that a call is about. */
export interface FoundConnection {
  readonly ref: ConnectionRef
  readonly context: ConnectionContext
}

/**
 * Creates the functions of one connection.
 *
 * @param find - Finds the connection, at every call. Resolves to `undefined` if no user is signed in.
 */
export function createConnectionFunctions<Name extends string>(
  application: ConnectionApplication,
  name: Name,
  keepAlive: KeepAlive,
  find: () => Promise<FoundConnection | undefined>,
): CurrentConnection<Name> {
  const { host, clients, store, refreshIndex, changes, listener, routePrefix } = application
  const { provider } = splitName(name)
  const { markBroken } = changes

  async function clientOf({ context }: FoundConnection, lookUp?: LookUp): Promise<ProviderClient> {
    try {
      return await clients.clientFor(provider, context, lookUp)
    } catch (error) {
      // The function of the application knows the provider only after the owner has connected.
      throw error instanceof SignInRequiredError ? ownerMustAct({ code: 'not_connected' }) : error
    }
  }

  async function findToken(demand: Demand): Promise<FoundToken> {
    demand.signal?.throwIfAborted()
    const found = (await find()) ?? notSignedIn()
    const client = await clientOf(found)
    const { ref, context } = found
    const { key, parameters: request, rejected, forceRefresh, minValiditySeconds, signal } = demand
    // Each member by its name, because a spread costs more than the other work of a call.
    const call = { key, request, rejected, forceRefresh, minValiditySeconds, keepAlive }
    const findClient = (clientId: string) => clients.clientFor(provider, context, undefined, clientId)
    const options = { store, clock: host.clock, listener, refreshIndex, markBroken, findClient }
    const work = requestConnectionToken(ref, client, call, options)
    const result = await (signal ? unlessAborted(work, signal) : work).catch((error: unknown) => {
      if (error instanceof EvertokenError) {
        host.emit({ type: 'token_unavailable', session: fingerprint(ref.key), code: error.code })
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
    const found = await find()
    const held = found && (await store.read(found.ref))
    if (held && !held.record) throw held.error
    return held?.record.ended ? undefined : held?.record
  }

  function connectUrl(options: ConnectOptions = {}): string {
    const { returnTo, scope } = checkAll<ConnectValues>(CONNECT_OPTIONS, options)
    const query = new URLSearchParams(omitUndefined({ scope, returnTo }))
    const path = `${host.findBasePath()}${routePrefix}/${encodeURIComponent(name)}/connect`
    return query.size > 0 ? `${path}?${query}` : path
  }

  function ownerMustAct({
    code,
    missingScope: scope,
  }: Omit<Extract<TokenResult, { readonly kind: 'sign_in' }>, 'kind'>): SignInRequiredError {
    // A label can be a URL, and its query can contain a key.
    const shownName = name.replace(/\?.*/s, '')
    const url = connectUrl(scope === undefined ? {} : { scope })
    const message = `${MESSAGES[code](shownName)}. Open \`url\` in the browser of the owner.`
    return new SignInRequiredError(code, message, { url, missingScope: scope })
  }

  return {
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
      const found = (await find()) ?? notSignedIn()
      const client = await clientOf(found, {})
      const grant = await readGivenGrant(client, tokenResponse, options, PURPOSE)
      if (!grant.accessToken && grant.refreshToken === undefined) throw malformed(PURPOSE)
      await changes.connect(found.ref, client.server, grant, keepAlive)
    },
    async disconnect() {
      const found = (await find()) ?? notSignedIn()
      return changes.disconnect(found.ref, serverFinderOf(application, found.ref), keepAlive)
    },
  }
}

function notSignedIn(): never {
  throw signInRequired('no_session')
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
  not_connected: (name: string) => `The owner has not connected \`${name}\``,
  needs_reauthorization: (name: string) => `The grant of \`${name}\` no longer works`,
  scope_missing: (name: string) => `The owner of \`${name}\` has not granted \`missingScope\``,
} as const
