import type {
  ConnectClient,
  ConnectProvider,
  ConnectTarget,
} from '../../handlers/connections/connect-context.ts'
import { redact } from '../../mechanisms/runtime/redact.ts'
import { isOfRegistration } from '../../model/connection-record.ts'
import type { KeepAlive } from '../../ports/runtime.ts'
import { omitUndefined } from '../../rules/members.ts'
import { EvertokenError, type RedactedCause } from '../../vocabulary/index.ts'
import type { ConnectionApplication } from './connection-application.ts'
import { checkOwner, splitName } from './connection-names.ts'
import type { ProviderClient } from './provider-client.ts'

/** Returns the parts of a provider that its routes use. */
export function createConnectProvider(
  application: ConnectionApplication,
  provider: string,
  redirectUri: string,
  keepAlive: KeepAlive,
): ConnectProvider {
  const { host, clients } = application
  const { emit } = host
  return {
    redirectUri,
    isOwnerInResponse: clients.knownClient(provider)?.values.ownerFrom !== undefined,
    isProviderOf: (name) => splitName(name).provider === provider,
    async findClient(target, isBegin, grantClientId) {
      const { owner = '', name } = target
      const context = { owner, label: splitName(name).label }
      const lookUp = isBegin ? { redirectUri } : undefined
      const client = await clients.clientFor(provider, context, lookUp, grantClientId)
      const onRefused = () => clients.forget(provider, context)
      return createConnectClient(application, target, client, onRefused, keepAlive)
    },
    reportFailure(error) {
      if (!(error instanceof EvertokenError)) {
        emit({ type: 'connect_failed', provider, code: 'hook_failed', cause: redact(error) })
        throw error
      }
      const { code, cause } = error as EvertokenError
      emit(
        omitUndefined({
          type: 'connect_failed',
          provider,
          code,
          cause: cause as RedactedCause | undefined,
        }),
      )
      return error
    },
  }
}

/** Returns the redirect URI of a provider. */
export function redirectUriOf(
  { host, routePrefix }: Pick<ConnectionApplication, 'host' | 'routePrefix'>,
  provider: string,
  origin: string,
): string {
  return `${origin}${host.findBasePath()}${routePrefix}/callback/${provider}`
}

/**
 * @param target - Its owner is `undefined` if the token response names the owner.
 * @param onRefused - Called if the server refuses the client.
 */
export function createConnectClient(
  { store, changes, callHook }: ConnectionApplication,
  { owner: known, name }: ConnectTarget,
  { values, server, authorizationParameters }: ProviderClient,
  onRefused: () => void,
  keepAlive: KeepAlive,
): ConnectClient {
  const { registration } = server
  return {
    server: {
      ...server,
      async redeem(...parameters) {
        try {
          return await server.redeem(...parameters)
        } catch (error) {
          if (error instanceof EvertokenError && error.code === 'client_rejected') onRefused()
          throw error
        }
      },
    },
    authorizationParameters,
    async readScope() {
      if (known === undefined) return undefined
      const record = (await store.read(await store.refOf({ owner: known, name })))?.record
      const isGranted = record && !record.ended && isOfRegistration(record, registration)
      return isGranted ? record.ledger.scope : undefined
    },
    async store(grant) {
      const { scope, claims = {}, tokenResponse } = grant
      const owner = known ?? checkOwner(values.ownerFrom?.(tokenResponse), 'ownerFrom')
      const ref = await store.refOf({ owner, name })
      await changes.connect(ref, server, grant, keepAlive, known === undefined)
      const account = { owner, name, scope, claims, tokenResponse }
      await callHook(values.onConnected, account, ref, keepAlive)
    },
  }
}
