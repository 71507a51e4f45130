import { isOfRegistration, missingScope } from '../../model/connection-record.ts'
import { exceedsGrant } from '../../model/token-parameters.ts'
import type { TokenServer } from '../../ports/authorization-server.ts'
import type { SignInCode } from '../../vocabulary/index.ts'
import type { TokenCall, TokenResult } from '../refresh/attempt.ts'
import { bindingMissing } from '../refresh/refreshers.ts'
import type { Refresher } from '../refresh/refresher.ts'
import type { ConnectionChanges } from './connection-changes.ts'
import { type ConnectionHandleOptions, createConnectionHandle } from './connection-handle.ts'
import type { ConnectionRef, ConnectionSnapshot } from './connection-store.ts'

/** One client of one authorization server, and the refresher of its grants. */
export interface ConnectionClient {
  readonly server: Pick<TokenServer, 'registration' | 'binding' | 'revoke'>
  readonly refresher: Refresher
}

/** A token, or what the owner must do. */
export type ConnectionTokenResult<Client> =
  | (Extract<TokenResult<ConnectionSnapshot>, { readonly kind: 'token' }> & { readonly client: Client })
  | {
      readonly kind: 'sign_in'
      readonly code: Extract<SignInCode, 'not_connected' | 'needs_reauthorization' | 'scope_missing'>
      /** The scope that was not granted. */
      readonly missingScope?: string
    }

export interface ConnectionTokenOptions<Client>
  extends ConnectionHandleOptions, Pick<ConnectionChanges, 'markBroken'> {
  /** Finds the client of a grant again, because another process can have changed the client. */
  readonly findClient: (clientId: string) => Client | Promise<Client>
  /** The record, if the caller has just read it. */
  readonly seen?: ConnectionSnapshot
}

/** Returns a current token of a connection. If its token is current, that costs one read of the store. */
export async function requestConnectionToken<Client extends ConnectionClient>(
  ref: ConnectionRef,
  known: Client,
  call: TokenCall<ConnectionSnapshot>,
  options: ConnectionTokenOptions<Client>,
): Promise<ConnectionTokenResult<Client>> {
  const handle = createConnectionHandle(ref, options, call.keepAlive)
  const seen = options.seen ?? (await handle.read())
  if (!seen) return { kind: 'sign_in', code: 'not_connected' }
  const isKnown = isOfRegistration(seen.record, known.server.registration)
  const client = isKnown ? known : await options.findClient(seen.record.clientId)
  const { registration, binding } = client.server
  const { ledger } = seen.record
  if (!isOfRegistration(seen.record, registration)) return needsOwner()
  const { scope } = call.request
  if (scope !== undefined && exceedsGrant(scope, ledger.scope))
    return { kind: 'sign_in', code: 'scope_missing', missingScope: missingScope(scope, ledger.scope) }
  if (ledger.proofKey && !binding) throw bindingMissing()
  const result = await client.refresher.token(handle, seen, call)
  return result.kind === 'token' ? { ...result, client } : needsOwner()

  /** The newest record decides, because another process may have changed it. */
  async function needsOwner(): Promise<ConnectionTokenResult<Client>> {
    await options.markBroken(ref, registration, call.keepAlive, call.rejected)
    return { kind: 'sign_in', code: (await handle.read()) ? 'needs_reauthorization' : 'not_connected' }
  }
}
