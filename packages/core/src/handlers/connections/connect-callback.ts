import type {
  LoginSecrets,
  PendingConnection,
  PendingLogin,
} from '../../mechanisms/sign-in/pending-logins.ts'
import type { UsedLogins } from '../../mechanisms/sign-in/used-logins.ts'
import { isOfRegistration } from '../../model/connection-record.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import { isFromOtherSite, isPrefetch } from '../../rules/browser/same-site.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { createResponse, redirectByPage } from '../responses.ts'
import {
  type ConnectContext,
  type ConnectOutcome,
  type ConnectProvider,
  connectRefusal,
  notUsable,
  outcomeOf,
  returnWith,
} from './connect-context.ts'

export interface ConnectCallbackOptions {
  readonly usedLogins: UsedLogins
  readonly flights: Flights
  readonly clock: Clock
  readonly emit: EventListener
}

/**
 * Receives the authorization response of a provider, stores the grant, and sends the browser to its destination.
 *
 * Only the browser that began can finish, and only while the same owner is at it. Otherwise, one user could have the account of
 * another user connected to their own. A request of anybody else changes nothing, so the owner can still finish.
 */
export async function connectCallback(
  context: ConnectContext,
  provider: ConnectProvider,
  options: ConnectCallbackOptions,
): Promise<Response> {
  const { request, query, logins } = context
  if (isPrefetch(request.headers)) return createResponse(503)
  const state = query.get('state') ?? ''
  const login = await logins.open(state)
  const pending = login?.connection
  if (!login || !pending || !provider.isProviderOf(pending.name)) return connectRefusal(request, notUsable())
  const { owner, name } = pending
  if (owner !== undefined) {
    const current = await context.findOwner()
    // A `Strict` cookie is not sent with a request that another site has caused.
    if (current === undefined && isFromOtherSite(request.headers))
      return redirectByPage(provider.redirectUri + new URL(request.url).search)
    if (current !== owner) return connectRefusal(request, notUsable())
  }
  const isResponse = query.has('code') || query.has('error')
  const secrets = isResponse ? await logins.secretsOf(login, state) : undefined
  if (!secrets) return connectRefusal(request, notUsable())

  const { flights, clock } = options
  const redeem = () => redeemOnce(query, login, pending, secrets, provider, options)
  // A user who reloads the page sends the same code again while the first request still waits for the provider.
  const outcome = await flights.join(`connect ${login.id}`, 'callback', redeem, clock).result
  const response = outcome
    ? returnWith(outcome, name, login.returnTo, context)
    : connectRefusal(request, notUsable())
  response.headers.append('set-cookie', logins.clear(login))
  return response
}

/** Resolves to `undefined` if the login was redeemed before. It is marked as used before its code is sent. */
async function redeemOnce(
  query: URLSearchParams,
  login: PendingLogin,
  pending: PendingConnection,
  secrets: LoginSecrets,
  provider: ConnectProvider,
  { usedLogins, emit }: ConnectCallbackOptions,
): Promise<ConnectOutcome | undefined> {
  if (!(await usedLogins.markUsed(login))) return undefined
  try {
    const client = await provider.findClient(pending, false)
    const { server } = client
    // A function of the application can return another client now. The code must not be sent there.
    if (!isOfRegistration(pending, server.registration)) throw notUsable()
    const { redirectUri } = provider
    const transaction = { ...secrets, redirectUri, proofKey: login.proofKey }
    // The tokens of a failed attempt are not revoked: some servers would then end each grant of the account, also an earlier
    // one, or the one of another owner.
    const grant = await server.redeem(query, transaction, () => undefined)
    const { userInfoFailure: cause, scope = pending.scope } = grant
    if (cause) emit({ type: 'user_info_failed', cause })
    await client.store({ ...grant, ...(scope !== undefined && { scope }) })
    return 'connected'
  } catch (error) {
    return outcomeOf(provider.reportFailure(error))
  }
}
