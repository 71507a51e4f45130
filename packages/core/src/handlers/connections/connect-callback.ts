import type {
  LoginSecrets,
  PendingConnection,
  PendingLogin,
} from '../../mechanisms/sign-in/pending-logins.ts'
import type { Seal } from '../../mechanisms/sessions/seal.ts'
import type { UsedLogins } from '../../mechanisms/sign-in/used-logins.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Flights } from '../../ports/flights.ts'
import { isFromOtherSite, isPrefetch } from '../../rules/browser/same-site.ts'
import type { EventListener } from '../../vocabulary/index.ts'
import { createResponse, redirectByPage } from '../responses.ts'
import { readForm } from '../routes/form.ts'
import {
  type ConnectContext,
  type ConnectOutcome,
  type ConnectProvider,
  connectRefusal,
  notUsable,
  outcomeOf,
  returnWith,
} from './connect-context.ts'
import {
  isResponse,
  readResponseParameters,
  redeemConnection,
  repeatForm,
  stateOf,
} from './connection-grant.ts'

export interface ConnectCallbackOptions {
  /** Encrypts a posted response. */
  readonly seal: Seal
  readonly usedLogins: UsedLogins
  readonly flights: Flights
  readonly clock: Clock
  readonly emit: EventListener
}

/**
 * Receives the authorization response of a provider, stores the grant, and sends the browser to its destination.
 *
 * Only the browser that began can finish, and only while the same owner is at it. Otherwise, one user could have the account of
 * another user connected to their own. A request of another user changes nothing, so the owner can still finish.
 */
export async function connectCallback(
  context: ConnectContext,
  provider: ConnectProvider,
  options: ConnectCallbackOptions,
): Promise<Response> {
  const { request, query, logins } = context
  if (isPrefetch(request.headers)) return createResponse(503)
  const { redirectUri } = provider
  if (request.method === 'POST') {
    const form = await readForm(request)
    return form ? repeatForm(form, redirectUri, options.seal) : connectRefusal(request, notUsable())
  }
  const parameters = await readResponseParameters(query, options.seal)
  const state = stateOf(parameters)
  const login = await logins.open(state)
  const pending = login?.connection
  if (!login || !pending || !provider.isProviderOf(pending.name)) return connectRefusal(request, notUsable())
  const { owner, name } = pending
  if (owner !== undefined) {
    const current = await context.findOwner()
    // A `Strict` cookie is not sent with a request that another site has caused.
    if (current === undefined && isFromOtherSite(request.headers))
      return redirectByPage(redirectUri + new URL(request.url).search)
    if (current !== owner) return connectRefusal(request, notUsable())
  }
  const secrets = isResponse(parameters) ? await logins.secretsOf(login, state) : undefined
  if (!secrets) return connectRefusal(request, notUsable())

  const { flights, clock } = options
  const redeem = () => redeemOnce(parameters, login, pending, secrets, provider, options)
  // A user who reloads the page sends the same code again while the first request still waits for the provider.
  const outcome = await flights.join(`connect ${login.id}`, 'callback', redeem, clock).result
  const response = outcome
    ? returnWith(outcome, name, login.returnTo, context)
    : connectRefusal(request, notUsable())
  response.headers.append('set-cookie', logins.clear(login))
  return response
}

/** Resolves to `undefined` if the login was redeemed before. */
async function redeemOnce(
  received: URLSearchParams,
  login: PendingLogin,
  pending: PendingConnection,
  secrets: LoginSecrets,
  provider: ConnectProvider,
  { usedLogins, emit }: ConnectCallbackOptions,
): Promise<ConnectOutcome | undefined> {
  const { redirectUri } = provider
  const transaction = { ...secrets, redirectUri, proofKey: login.proofKey }
  const markUsed = () => usedLogins.markUsed(login)
  try {
    const isRedeemed = await redeemConnection(received, transaction, pending, provider, markUsed, emit)
    return isRedeemed ? 'connected' : undefined
  } catch (error) {
    return outcomeOf(provider.reportFailure(error))
  }
}
