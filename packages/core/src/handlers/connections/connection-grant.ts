import type { Seal } from '../../mechanisms/sessions/seal.ts'
import type { LoginSecrets, PendingConnection } from '../../mechanisms/sign-in/pending-logins.ts'
import { isOfRegistration } from '../../model/connection-record.ts'
import type { ProofKey } from '../../model/proof-key.ts'
import { splitScope } from '../../model/token-parameters.ts'
import type { LoginTransaction, SignInGrant } from '../../ports/authorization-server.ts'
import { readClaims } from '../../rules/protocol/jwt.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { redirectByPage } from '../responses.ts'
import { type ConnectClient, type ConnectProvider, type ConnectTarget, notUsable } from './connect-context.ts'

/**
 * Returns the parameters of a request for a grant.
 *
 * They ask for the configured scope, the scope that is granted already, and further scope, so a new consent never removes a
 * part of the grant.
 */
export async function grantParameters(
  client: Pick<ConnectClient, 'authorizationParameters' | 'readScope'>,
  furtherScope: string | undefined,
): Promise<URLSearchParams> {
  const parameters = new URLSearchParams(client.authorizationParameters)
  const scopes = [parameters.get('scope'), await client.readScope(), furtherScope]
  const scope = [...new Set(scopes.flatMap((each) => splitScope(each ?? '')))].join(' ')
  if (scope !== '') parameters.set('scope', scope)
  return parameters
}

/** An authorization request for a connection, and the values that its response needs. */
export interface ConnectRequest<Login> {
  readonly url: URL
  readonly connection: PendingConnection
  readonly transaction: LoginTransaction
  readonly login: Login
}

/**
 * Creates the authorization request for a connection (RFC 6749 §4.1.1, with PKCE).
 *
 * @param begin - Creates the random values, and remembers what the owner connects.
 */
export async function authorizeConnection<Login extends { readonly secrets: LoginSecrets }>(
  { redirectUri, findClient }: Pick<ConnectProvider, 'redirectUri' | 'findClient'>,
  target: ConnectTarget,
  furtherScope: string | undefined,
  begin: (connection: PendingConnection, proofKey: ProofKey | undefined) => Promise<Login>,
): Promise<ConnectRequest<Login>> {
  const client = await findClient(target, true)
  const { server } = client
  const parameters = await grantParameters(client, furtherScope)
  const proofKey = await server.binding?.createKey()
  const connection = { ...server.registration, ...target, scope: parameters.get('scope') ?? undefined }
  const login = await begin(connection, proofKey)
  const transaction = { ...login.secrets, redirectUri, proofKey }
  return { url: await server.authorize(transaction, parameters), connection, transaction, login }
}

const FORM = 'form'

/**
 * Repeats a posted response as a request of this application. The form comes from another site, so the cookies of this application
 * are not sent with it. The code is encrypted, so that logs do not contain it.
 */
export async function repeatForm(form: URLSearchParams, redirectUri: string, seal: Seal): Promise<Response> {
  const sealed = await seal.seal({ [FORM]: form.toString() })
  return redirectByPage(`${redirectUri}?${new URLSearchParams({ [FORM]: sealed })}`)
}

/** Returns the authorization response in a query, which is encrypted if it was posted. */
export async function readResponseParameters(query: URLSearchParams, seal: Seal): Promise<URLSearchParams> {
  const sealed = query.get(FORM)
  if (sealed === null) return query
  const opened = await seal.unseal(sealed)
  const { [FORM]: form } = Object('value' in opened && opened.value) as { readonly [FORM]?: unknown }
  return new URLSearchParams(typeof form === 'string' ? form : '')
}

/** Whether a browser brings an authorization response. */
export function isResponse(parameters: URLSearchParams): boolean {
  return ['code', 'error', 'response'].some((each) => parameters.has(each))
}

/** Returns the `state`, which finds the client that verifies the response. A signed response contains it. */
export function stateOf(parameters: URLSearchParams): string {
  const { state } = readClaims(parameters.get('response') ?? undefined) ?? {}
  return parameters.get('state') ?? (typeof state === 'string' ? state : '')
}

/**
 * Exchanges the code of an authorization response, and stores the grant.
 *
 * @param markUsed - Marks the attempt as used before its code is sent, and only for a response that is signed, if it must be.
 * Resolves to `false` if it was used before.
 * @param emit - Receives `user_info_failed`.
 * @returns Whether the attempt was redeemed now.
 * @throws {EvertokenError} If the response is not valid, or the grant is of another account.
 */
export async function redeemConnection(
  received: URLSearchParams,
  transaction: LoginTransaction,
  pending: PendingConnection,
  { findClient }: Pick<ConnectProvider, 'findClient'>,
  markUsed: () => Promise<boolean>,
  emit: EventListener,
): Promise<boolean> {
  const known = await findClient(pending, false)
  // Another process can have begun with a client that is new.
  const isKnown = isOfRegistration(pending, known.server.registration)
  const client = isKnown ? known : await findClient(pending, false, pending.clientId)
  const { server } = client
  // A function of the application can return another client now. The code must not be sent there.
  if (!isOfRegistration(pending, server.registration)) throw notUsable()
  const response = await server.readResponse(received)
  if (!(await markUsed())) return false
  // The tokens of a failed attempt are not revoked: some servers would then end each grant of the account, also an earlier
  // one, or the one of another owner.
  const grant = await server.redeem(response, transaction, () => undefined)
  await storeConnection(client, grant, pending.scope, emit)
  return true
}

/** @param requested - The requested scope, which is the granted one if the response names none (RFC 6749 §5.1). */
export async function storeConnection(
  client: Pick<ConnectClient, 'store'>,
  grant: SignInGrant,
  requested: string | undefined,
  emit: EventListener,
): Promise<void> {
  const { userInfoFailure: cause, scope = requested } = grant
  if (cause) emit({ type: 'user_info_failed', cause })
  await client.store({ ...grant, ...(scope !== undefined && { scope }) })
}
